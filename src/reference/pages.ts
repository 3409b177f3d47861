// The home page (`/`) and the frame of the API reference (`/docs`), which Swagger UI fills.

import { pageOf } from "./shell.ts";

export const HOME_PAGE = pageOf({
  path: "/",
  title: "Solvegate",
  main: `<main class="text">
  <h1>Solvegate</h1>
  <p>
    A gateway for reCAPTCHA v3 solving services that can only be polled. Submit a task once and get its result from a
    status endpoint, a long poll, a signed webhook or an event stream. It is for authorized automation: every tenant
    has an allow-list of website hosts, empty by default.
  </p>
  <ul class="cards">
    <li>
      <a href="/console"><strong>Console</strong></a>
      <span>See tasks, deliveries, keys and usage. Sign in with an API key or the operator's token.</span>
    </li>
    <li>
      <a href="/docs"><strong>Reference</strong></a>
      <span>Every call of the API, to read and to try.</span>
    </li>
    <li>
      <a href="/docs/problems"><strong>Problems</strong></a>
      <span>What each error code means and what to do next.</span>
    </li>
    <li>
      <a href="/healthz"><strong>Health</strong></a>
      <span>Whether the gateway answers and its configuration is valid.</span>
    </li>
  </ul>
</main>`,
});

export const DOCS_PAGE = pageOf({
  path: "/docs",
  title: "Reference – Solvegate",
  head: `<link rel="stylesheet" href="/docs/swagger-ui.css" />
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/reference.js" defer></script>
`,
  main: `<main id="reference">
  <noscript>This page needs JavaScript. The same description is at <a href="/openapi.json">/openapi.json</a>.</noscript>
</main>`,
});
