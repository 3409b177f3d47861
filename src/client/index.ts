// `solvegate/client`: what is published. The client imports nothing from the rest of the project, and nothing at all but the
// library that verifies webhooks.

export type { Keys, WebhookEndpoint } from "./account.ts";
export type {
  CreatedKey,
  CreateKey,
  Endpoint,
  EndpointTest,
  FieldError,
  Key,
  ProblemCode,
  RotatedSecret,
  Rotation,
  Scope,
  UsageDay,
  UsageRange,
} from "./account-types.ts";
export type { ClientErrorCode, SolvegateErrorCode, SolvegateErrorDetails } from "./error.ts";
export { SolvegateError } from "./error.ts";
export type { SolveOptions } from "./solve.ts";
export type { SolvegateOptions } from "./solvegate.ts";
export { Solvegate } from "./solvegate.ts";
export type { CallOptions, CreateOptions, ListOptions, Tasks, WaitOptions } from "./tasks.ts";
export type { Fetch } from "./transport.ts";
export type * from "./types.ts";
export type {
  ReceivedWebhook,
  TaskCanceledEvent,
  TaskFailedEvent,
  TaskReadyEvent,
  WebhookEvent,
  WebhookHeaders,
  WebhookTestEvent,
} from "./webhook.ts";
export { verifyWebhook } from "./webhook.ts";
