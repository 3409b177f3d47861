// The sandbox's scenarios that the "Try it" form offers. The website key selects one (`src/upstream/scenario.ts`).

export interface Scenario {
  readonly websiteKey: string;
  readonly name: string;
  /** What happens to the task. */
  readonly hint: string;
}

/** The example task of the upstream's API documentation. */
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
    hint: "Any other website key does this too.",
  },
  {
    websiteKey: "sandbox-instant",
    name: "Solved at once",
    hint: "Ready in the answer to the submission, with no poll.",
  },
  {
    websiteKey: "sandbox-delay-20000",
    name: "Solved after 20 s",
    hint: "Several polls; the number is in milliseconds.",
  },
  {
    websiteKey: "sandbox-flaky-2",
    name: "Two failed polls, then solved",
    hint: "Two polls get HTTP 503; the gateway backs off and continues.",
  },
  { websiteKey: "sandbox-slow-4000", name: "Slow upstream", hint: "Every answer of the upstream takes 4 s." },
  {
    websiteKey: "sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY",
    name: "Rejected at submission",
    hint: "The upstream rejects the website key: failed, upstream_rejected.",
  },
  {
    websiteKey: "sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE",
    name: "Unsolvable",
    hint: "The upstream accepts the task and can't solve it: failed, unsolvable.",
  },
  {
    websiteKey: "sandbox-never",
    name: "Never solved",
    hint: "Runs until its time limit: failed, timeout. Cancel it, or set a short time limit.",
  },
  {
    websiteKey: "sandbox-http-500",
    name: "Upstream down",
    hint: "Every answer is HTTP 500: retried until the time limit, then upstream_unavailable.",
  },
  {
    websiteKey: "sandbox-malformed",
    name: "Unreadable answers",
    hint: "The answer to the submission can't be read: sent twice at most, then upstream_unavailable.",
  },
];
