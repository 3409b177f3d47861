// What each of the gateway's own codes means in the compatible face, in plain sentences. An upstream's code for a task passes through
// beside them and is explained by nobody but the upstream. Refuses markup.

import type { CompatibilityCode } from "../errors.ts";

/** Every code that the gateway itself gives in the compatible face. */
export const COMPATIBLE_CODES: Record<CompatibilityCode, string> = {
  ERROR_KEY_DOES_NOT_EXIST:
    "The clientKey is no valid key, lacks the scope, or belongs to a suspended tenant that wanted a new task.",
  ERROR_TASK_ABSENT: "The body of createTask has no task.",
  ERROR_TASK_NOT_SUPPORTED: "The task's type is not one that is solved here.",
  ERROR_BAD_REQUEST:
    "The body, a field, a header or the callbackUrl breaks a rule; errorDescription says which. Mend it before sending again.",
  ERROR_DOMAIN_NOT_ALLOWED: "The host of websiteURL is not on the tenant's list.",
  ERROR_NO_SLOT_AVAILABLE: "Too many calls, or the month's quota is used up. Wait before sending again.",
  ERROR_NO_SUCH_CAPCHA_ID: "There is no such task for this key, or it was forgotten at the end of its retention.",
  ERROR_TOKEN_EXPIRED: "The solution has expired, or was claimed before. Create a new task.",
  ERROR_CAPTCHA_UNSOLVABLE: "The upstream took the task and could not solve it. Create it once more.",
  ERROR_TASK_TIMEOUT: "The task was not solved before its deadline. Create it again.",
  ERROR_TASK_CANCELED: "The task was canceled.",
  ERROR_SERVICE_UNAVAILABLE:
    "The upstream could not be had before the deadline, or the gateway itself failed. Create the task again later.",
};
