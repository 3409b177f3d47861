// The text that `npm start` prints when the gateway is ready.

import { styleText } from "node:util";

export interface Banner {
  /** The gateway's origin. */
  readonly url: string;
  /** The state folder, relative to the project. */
  readonly state: string;
  /** The URLs of the upstream accounts. Empty where none is configured. */
  readonly upstreams: readonly string[];
  /** A shell expression for the operator's token, or null if it is unset and `/admin` is off. */
  readonly adminToken: string | null;
}

/** The URLs, the features that need no configuration, and a command to try. It contains no secret. */
export function bannerText({ url, state, upstreams, adminToken }: Banner): string {
  const off = "off until UPSTREAM_CLIENT_KEY is set; npm run sandbox starts a stand-in for the upstream";
  const rows = [
    ["Console", `${url}/console`],
    ["Reference", `${url}/docs`],
    ["Sandbox", "built in, for test keys (sg_test_…)"],
    ["Live tasks", upstreams.length === 0 ? off : `to ${[...new Set(upstreams)].join(", ")}`],
    ["State", `${state} (delete this folder to start with an empty gateway)`],
  ];
  const table = rows.map(([name = "", value]) => `  ${styleText("dim", name.padEnd(11))}  ${value}`);
  return [
    "",
    styleText("bold", `Solvegate is ready on ${url}`),
    "",
    ...table,
    "",
    ...adminLines(url, adminToken),
    "",
  ].join("\n");
}

function adminLines(url: string, token: string | null): string[] {
  if (token === null) {
    return [
      "/admin is off, because there is no ADMIN_TOKEN. This command creates one; then start again:",
      "",
      `  node -p "'\\nADMIN_TOKEN=' + require('crypto').randomBytes(24).toString('hex')" >> .dev.vars`,
    ];
  }
  // The local certificate is self-signed.
  const options = url.startsWith("https:") ? "-sk" : "-s";
  return [
    "List the tenants, as the operator:",
    "",
    `  curl ${options} ${url}/admin/tenants -H "Authorization: Bearer ${token}"`,
  ];
}

/**
 * A shell expression for the ADMIN_TOKEN in a file of variables.
 * @param content the file's content
 * @param token the token in it
 */
export function tokenExpression(file: string, content: string, token: string): string {
  const quoted = `'${file.replaceAll("'", "'\\''")}'`;
  const plain = content.split("\n").filter((line) => line.startsWith("ADMIN_TOKEN="));
  if (plain.length === 1 && plain[0] === `ADMIN_TOKEN=${token}`) return `$(sed -n 's/^ADMIN_TOKEN=//p' ${quoted})`;
  // With quotes, spaces, CR LF or several lines, only Node reads the file as the gateway does.
  return `$(node --env-file=${quoted} -p process.env.ADMIN_TOKEN)`;
}
