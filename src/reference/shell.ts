// What the pages beside the console share: the head and the bar. No scripts and styles are inline, which their Content-Security-Policy
// forbids.

const LINKS = [
  ["/docs", "Reference"],
  ["/docs/problems", "Problems"],
  ["/console", "Console"],
  ["/openapi.json", "OpenAPI"],
] as const;

const current = (path: string, link: string): string => (path === link ? ' aria-current="page"' : "");

interface Page {
  /** Its path on the gateway. */
  readonly path: string;
  readonly title: string;
  /** More of its head. */
  readonly head?: string;
  /** Its main element. */
  readonly main: string;
}

/** A page as an HTML document. */
export const pageOf = ({ path, title, head = "", main }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${title}</title>
<link rel="icon" href="/docs/icon.svg" type="image/svg+xml" />
${head}<link rel="stylesheet" href="/docs/reference.css" />
</head>
<body>
<header class="bar">
<a class="brand" href="/"${current(path, "/")}><img src="/docs/icon.svg" alt="" width="24" height="24" />Solvegate</a>
<nav aria-label="Pages">
${LINKS.map(([link, name]) => `<a href="${link}"${current(path, link)}>${name}</a>`).join("\n")}
</nav>
</header>
${main}
</body>
</html>
`;
