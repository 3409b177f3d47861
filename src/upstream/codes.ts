// What each error code of the createTask/getTaskResult family means. Pure. `errorId` is not a class (some services use 0 and 1 only,
// some 1 to 50), so the code decides.

/**
 * What an error means for the task and the account.
 * - `account`: the operator's account is at fault, and tenants must not see the code.
 * - `transient`: the same request may succeed later.
 * - `processing`: not an error; the task is not solved yet.
 * - `unsolvable`: the upstream tried. `rejected`: the request, an unknown code, or a task that the upstream lost.
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
    // UNAVALIABLE is how the family spells it; the right spelling is accepted too.
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

/** Undocumented codes that are about the account by their name: its key, its address, its balance or its suspension. */
const ACCOUNT_CODE = /^(?:ERROR_)?(?:KEY|IP)_|BALANCE|ACCOUNT|SUSPEN|FUNDS|(?:USER|CLIENT|API)_?KEY/;

/** What a code means by itself, or null where only the HTTP status can say. */
export function documentedMeaning(code: string): CodeMeaning | null {
  const name = code.toUpperCase();
  return MEANINGS.get(name) ?? (ACCOUNT_CODE.test(name) ? "account" : null);
}

/**
 * What a code means. An undocumented one fails the task, unless the HTTP status (429, 5xx) says that the error is temporary.
 * @param code empty where the answer has none
 */
export function meaningOf(code: string, httpStatus: number): CodeMeaning {
  return documentedMeaning(code) ?? (httpStatus === 429 || httpStatus >= 500 ? "transient" : "rejected");
}

/** A code as it may stand in a log or an alert. Text that does not have the form of a code may be anything. */
export function loggableCode(code: string): string {
  return /^\w{1,64}$/.test(code) ? code : "(not a code)";
}
