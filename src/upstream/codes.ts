// Classifies the error codes of the createTask and getTaskResult protocol. `errorId` is not used, because services number errors
// differently.

/**
 * What an error code means for the task and the account.
 * - `account`: the upstream rejects the operator's account. Tenants must not see the code.
 * - `transient`: the same request may succeed later.
 * - `processing`: not an error: the task is not solved yet.
 * - `unsolvable`: the upstream tried to solve the task and failed.
 * - `rejected`: the request is invalid, the upstream no longer has the task, or the code is unknown.
 */
export type CodeMeaning = "account" | "transient" | "processing" | "unsolvable" | "rejected";

const MEANINGS: ReadonlyMap<string, CodeMeaning> = new Map(
  Object.entries({
    account: [
      "ERROR_KEY_DOES_NOT_EXIST",
      "ERROR_ZERO_BALANCE",
      "ERROR_IP_NOT_ALLOWED",
      "ERROR_IP_BLOCKED",
      "ERROR_IP_BANNED",
      "ERROR_ACCOUNT_SUSPENDED",
    ],
    // Services spell it UNAVALIABLE. The correct spelling is accepted too.
    transient: [
      "ERROR_NO_SLOT_AVAILABLE",
      "ERROR_SERVICE_UNAVALIABLE",
      "ERROR_SERVICE_UNAVAILABLE",
      "ERROR_RATE_LIMIT",
      "ERROR_TOO_MUCH_REQUESTS",
    ],
    processing: ["CAPTCHA_NOT_READY", "ERROR_CAPTCHA_NOT_READY"],
    unsolvable: ["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_BAD_DUPLICATES", "ERROR_TASK_TIMEOUT"],
    rejected: [
      "ERROR_TASK_ABSENT",
      "ERROR_TASK_NOT_SUPPORTED",
      "ERROR_INVALID_TASK_DATA",
      "ERROR_BAD_REQUEST",
      "ERROR_DOMAIN_NOT_ALLOWED",
      "ERROR_RECAPTCHA_INVALID_SITEKEY",
      "ERROR_NO_SUCH_METHOD",
      "ERROR_NO_SUCH_CAPCHA_ID",
      "ERROR_TASKID_INVALID",
    ],
  } satisfies Record<CodeMeaning, string[]>).flatMap(([meaning, codes]) =>
    codes.map((code) => [code, meaning as CodeMeaning] as const),
  ),
);

/** Undocumented codes whose name refers to the account: its key, IP address, balance or suspension. */
const ACCOUNT_CODE = /^(?:ERROR_)?(?:KEY|IP)_|BALANCE|ACCOUNT|SUSPEN|FUNDS|(?:USER|CLIENT|API)_?KEY/;

/** The meaning of a code, or null if it is undocumented and only the HTTP status can decide. */
export function documentedMeaning(code: string): CodeMeaning | null {
  const name = code.toUpperCase();
  return MEANINGS.get(name) ?? (ACCOUNT_CODE.test(name) ? "account" : null);
}

/**
 * The meaning of an error. An undocumented code fails the task, unless the HTTP status (429, 5xx) indicates a temporary error.
 * @param code empty if the response has none
 */
export function meaningOf(code: string, httpStatus: number): CodeMeaning {
  return documentedMeaning(code) ?? (httpStatus === 429 || httpStatus >= 500 ? "transient" : "rejected");
}

/** A code for logs and alerts. Text that does not look like a code is replaced, because it could contain anything. */
export function loggableCode(code: string): string {
  return /^\w{1,64}$/.test(code) ? code : "(not a code)";
}
