// `solvegate/client`: what is published. Of the rest of the project it contains `tasks/status.ts` and `poll-interval.ts`.

export type { Audit, Keys, Webhook } from "./account.ts";
export type { AllUsageOptions, ModeOptions, SolvegateAdminOptions, TenantKeys, Tenants } from "./admin.ts";
export { SolvegateAdmin } from "./admin.ts";
export type { ClientErrorCode, SolvegateErrorCode, SolvegateErrorDetails } from "./error.ts";
export { SolvegateError } from "./error.ts";
export type { EventsOptions, StreamEvent } from "./events.ts";
export { isFinal } from "./shapes.ts";
export type { SolveOptions } from "./solve.ts";
export type { SolvegateOptions } from "./solvegate.ts";
export { Solvegate } from "./solvegate.ts";
export type { StreamHeaders } from "./stream-connection.ts";
export type {
  CreateOptions,
  ListTasksOptions,
  LongPollOptions,
  TaskPageOptions,
  Tasks,
  WaitOptions,
} from "./tasks.ts";
export type { CallOptions, Fetch } from "./transport.ts";
export type * from "./types.ts";
export type { ReceivedWebhook, WebhookHeaders } from "./verify-webhook.ts";
export { verifyWebhook } from "./verify-webhook.ts";
export type {
  TaskCanceledEvent,
  TaskFailedEvent,
  TaskReadyEvent,
  WebhookEvent,
  WebhookTestEvent,
} from "./webhook-events.ts";
export type { WebSocketConstructor, WebSocketLike } from "./websocket.ts";
