// The page /docs/problems as HTML, generated from the tables of codes when the assets are built.

import { COMPATIBILITY_CODES } from "../compatibility-codes.ts";
import type { ErrorCode } from "../errors.ts";
import { ApiError, ERROR_CODES, invalidField, problemOf } from "../errors.ts";
import { PROBLEMS, TASK_ERRORS } from "./problems.ts";
import { pageOf } from "./shell.ts";

/** The anchor of a task's error code. Some codes exist for requests and for tasks; requests have the plain anchor. */
const taskAnchor = (code: string): string => `task-${code}`;

/** Whether the same request can be sent again unchanged. */
function repeatOf(code: ErrorCode): string {
  switch (code) {
    case "rate_limited":
    case "quota_exceeded":
    case "overloaded":
      return "yes, after the seconds in Retry-After";
    case "internal":
      return "yes, after a pause, with the same Idempotency-Key";
    case "configuration":
    case "upstream_not_configured":
      return "after the operator has fixed it";
    default:
      return "no";
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
    `<span class="quiet">Send the same request again: ${escaped(repeatOf(code))}.</span>`,
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
      invalidField("task.websiteURL", "must be an http or https URL"),
      "0e7a1c0c-6f0b-4c1e-9a86-2f6d1c1f4f57",
    ),
  },
  null,
  2,
);

export const PROBLEMS_PAGE = pageOf({
  path: "/docs/problems",
  title: "Problems – Solvegate",
  main: `<main class="text">
<h1>Problems</h1>
<p>Every error response is a problem document (RFC 9457, <code>application/problem+json</code>). Its <code>type</code> links to a
paragraph of this page.</p>
<ul class="codes">
${ERROR_CODES.map((code) => `<li><a href="#${code}"><code>${code}</code></a></li>`).join("\n")}
</ul>
<section aria-labelledby="reading">
<h2 id="reading">Reading an error</h2>
<pre tabindex="0" role="region" aria-label="An example">${escaped(example)}</pre>
<p>Programs should use <code>code</code>, which is stable. <code>title</code> and <code>detail</code> are for people and may change.
<code>errors</code> lists the fields that are not valid. Log <code>requestId</code> (also in the header <code>X-Request-Id</code>): the
operator can find the request by it.</p>
<h3>When to retry</h3>
<p>After 429 and 503 with <code>Retry-After</code>, wait for that many seconds. After 500 or a lost connection, retry with
exponential backoff. With an <code>Idempotency-Key</code>, retrying a creation is safe: it creates at most one task. All other errors
stay until the request, the key or the operator's settings change.</p>
</section>
<section aria-labelledby="problems">
<h2 id="problems">Error codes of requests</h2>
${ERROR_CODES.map(problemSection).join("\n")}
</section>
<section aria-labelledby="task-errors">
<h2 id="task-errors">Error codes of failed tasks</h2>
<p>A task that was accepted and then failed has an <code>error.code</code>, in responses and in webhooks. It stays failed: submit a new
task with a new <code>Idempotency-Key</code>.</p>
${taskSections.join("\n")}
</section>
<section aria-labelledby="compatibility">
<h2 id="compatibility">Codes of the compatibility API</h2>
<p>The compatibility API (<code>POST /createTask</code>, <code>/getTaskResult</code>, <code>/getBalance</code>) reports errors in its
protocol's form: <code>errorId</code> 1, an <code>errorCode</code>, and an <code>errorDescription</code> that begins with the code. The
upstream's own code for a task passes through; these are the gateway's.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Table of codes"><table>
<thead><tr><th scope="col">errorCode</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${compatibilityRows.join("\n")}
</tbody>
</table></div>
</section>
</main>`,
});
