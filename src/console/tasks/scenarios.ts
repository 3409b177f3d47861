// What the sandbox can be asked to play, for the form that makes a test task. PURE data: the site key carries the wish
// (`src/upstream/scenario.ts`). Refuses nothing: any other site key is the default.

export interface Scenario {
  /** The `websiteKey` that asks for it. */
  readonly websiteKey: string;
  readonly name: string;
  /** What will be seen. */
  readonly hint: string;
}

/** The example task of the upstream's document. */
export const EXAMPLE = {
  websiteURL: "https://antcpt.com/score_detector",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  websiteTitle: "Score detector for reCAPTCHA v3",
} as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    websiteKey: EXAMPLE.websiteKey,
    name: "Solved after 5 s",
    hint: "What any site key does: ready at the second poll.",
  },
  {
    websiteKey: "sandbox-instant",
    name: "Solved at once",
    hint: "Ready in the answer to the submission, with no poll.",
  },
  { websiteKey: "sandbox-delay-20000", name: "Solved after 20 s", hint: "Seven polls; the number is in milliseconds." },
  {
    websiteKey: "sandbox-flaky-2",
    name: "Two faults, then solved",
    hint: "Two polls fail with HTTP 503; the gateway backs off and goes on.",
  },
  { websiteKey: "sandbox-slow-4000", name: "Slow answers", hint: "Every answer of the upstream takes 4 s." },
  {
    websiteKey: "sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY",
    name: "Rejected at submission",
    hint: "The upstream refuses the site key: failed, upstream_rejected.",
  },
  {
    websiteKey: "sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE",
    name: "Unsolvable",
    hint: "The upstream takes the task and gives it up: failed, unsolvable.",
  },
  {
    websiteKey: "sandbox-never",
    name: "Never solved",
    hint: "Runs until its deadline: failed, timeout. Cancel it, or give it a short deadline.",
  },
  {
    websiteKey: "sandbox-http-500",
    name: "Upstream down",
    hint: "Every answer is HTTP 500: retried until the deadline, then upstream_unavailable.",
  },
  {
    websiteKey: "sandbox-malformed",
    name: "Unreadable answers",
    hint: "The submission's answer cannot be read: sent twice at most, then upstream_unavailable.",
  },
];
