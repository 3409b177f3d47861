import type { StreamSource } from "../stream/event-stream.ts";
import type { TenantServices } from "./services.ts";
import type { TaskCalls } from "./task-calls.ts";

/** The data that the event stream needs from a tenant. */
export function streamSourceOf(tenant: TenantServices, tasks: TaskCalls): StreamSource {
  const { createdAt, id: tenantId } = tenant.profile;
  return {
    secrets: (mode, now) => tenant.webhooks.settings(mode, now).secrets,
    finishedSince: (mode, since) => tenant.ledger.queries.finishedSince(mode, since),
    webhookOf: (taskId, mode) => tasks.stub(taskId).webhook({ tenantId, tenantSince: createdAt, mode, taskId }),
  };
}
