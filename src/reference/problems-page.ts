// The page /docs/problems as HTML text, made once, when the assets are built. PURE: what it says comes from the tables of the codes,
// so that no code can be without its paragraph. Refuses scripts and inline styles: the page is read under a strict policy.

import { COMPATIBILITY_CODES } from "../compatibility-codes.ts";
import type { ErrorCode } from "../errors.ts";
import { ApiError, ERROR_CODES, problemOf } from "../errors.ts";
import { PROBLEMS, TASK_ERRORS } from "./problems.ts";

/** The anchor of a task's error: some of its codes are codes of problems too, and those have the bare word. */
const taskAnchor = (code: string): string => `task-${code}`;

/** Whether the same request may be sent again as it is. */
function repeatOf(code: ErrorCode): string {
  switch (code) {
    case "rate_limited":
    case "quota_exceeded":
    case "overloaded":
      return "yes, after the seconds of Retry-After";
    case "internal":
      return "yes, after a pause, with the same Idempotency-Key";
    case "configuration":
    case "upstream_not_configured":
      return "not before the operator has mended it";
    default:
      return "no, not as it is";
  }
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const section = (id: string, title: string, lines: readonly string[]): string =>
  [
    `<section id="${id}">`,
    `<h3><a href="#${id}">${title}</a></h3>`,
    ...lines.map((line) => `<p>${line}</p>`),
    "</section>",
  ].join("\n");

function problemSection(code: ErrorCode): string {
  const { status, title } = problemOf(new ApiError(code, ""), "");
  const { what, next } = PROBLEMS[code];
  return section(code, `<code>${code}</code>`, [
    `<span class="quiet">${status} · ${escaped(title)}</span>`,
    escaped(what),
    `<strong>Next:</strong> ${escaped(next)}`,
    `<span class="quiet">Send the same again: ${escaped(repeatOf(code))}.</span>`,
  ]);
}

const taskSections = Object.entries(TASK_ERRORS).map(([code, { what, next }]) =>
  section(taskAnchor(code), `<code>${code}</code>`, [escaped(what), `<strong>Next:</strong> ${escaped(next)}`]),
);

const compatibilityRows = Object.entries(COMPATIBILITY_CODES).map(
  ([code, meaning]) => `<tr><th scope="row"><code>${code}</code></th><td>${escaped(meaning)}</td></tr>`,
);

const example = JSON.stringify(
  {
    ...problemOf(
      new ApiError("invalid_request", "The request is not valid.", {
        errors: [{ path: "task.websiteURL", message: "must be an http or https address" }],
      }),
      "0e7a1c0c-6f0b-4c1e-9a86-2f6d1c1f4f57",
    ),
  },
  null,
  2,
);

/** The whole document. */
export const PROBLEMS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>Problems – Solvegate</title>
<link rel="icon" href="/docs/icon.svg" type="image/svg+xml" />
<link rel="stylesheet" href="/docs/reference.css" />
</head>
<body>
<header class="bar">
<a class="brand" href="/docs"><img src="/docs/icon.svg" alt="" width="24" height="24" />Solvegate</a>
<nav aria-label="Pages">
<a href="/docs">Reference</a>
<a href="/docs/problems" aria-current="page">Problems</a>
<a href="/console">Console</a>
<a href="/openapi.json">OpenAPI</a>
</nav>
</header>
<main class="text">
<h1>Problems</h1>
<p>Every answer that refuses a request is a problem document (RFC 9457, <code>application/problem+json</code>). Its
<code>type</code> leads to a paragraph of this page.</p>
<ul class="codes">
${ERROR_CODES.map((code) => `<li><a href="#${code}"><code>${code}</code></a></li>`).join("\n")}
</ul>
<section aria-labelledby="reading">
<h2 id="reading">How to read one</h2>
<pre tabindex="0" role="region" aria-label="An example">${escaped(example)}</pre>
<p>Decide by <code>code</code>: it is stable. <code>title</code> says the same to people, <code>detail</code> what it was this
time; their words may change. <code>errors</code> is there where fields are at fault. Keep <code>requestId</code>, which is the
header <code>X-Request-Id</code> too: the operator finds the request by it.</p>
<h3>Whether to send it again</h3>
<p>After 429, wait for the seconds of <code>Retry-After</code>. After 500, or where no answer came, pause a little longer each
time. A task is created at most once for an <code>Idempotency-Key</code>: send one, and repeating is safe. Every other
rejection stays a rejection until something is changed: the request, the key, or what the operator has set.</p>
</section>
<section aria-labelledby="problems">
<h2 id="problems">Codes of a refused request</h2>
${ERROR_CODES.map(problemSection).join("\n")}
</section>
<section aria-labelledby="task-errors">
<h2 id="task-errors">Codes of a failed task</h2>
<p>A task that was accepted and then fails says why in its own <code>error.code</code>, in the answer and in the webhook alike. It
stays failed: submit a new task, under a new <code>Idempotency-Key</code>.</p>
${taskSections.join("\n")}
</section>
<section aria-labelledby="compatibility">
<h2 id="compatibility">Codes of the compatibility API</h2>
<p><code>POST /createTask</code> and <code>POST /getTaskResult</code> answer in their protocol's form: <code>errorId</code> 1, an
<code>errorCode</code>, and an <code>errorDescription</code> that begins with it. An upstream's own code for a task passes
through; these are the gateway's.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Table of codes"><table>
<thead><tr><th scope="col">errorCode</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${compatibilityRows.join("\n")}
</tbody>
</table></div>
</section>
</main>
</body>
</html>
`;
