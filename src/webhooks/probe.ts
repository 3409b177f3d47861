// Tests an endpoint with a signed `webhook.test` event.

import type { Configuration } from "../env.ts";
import { rfc3339 } from "../rfc3339.ts";
import { deliverWebhook } from "./deliver.ts";
import { signWebhook } from "./sign.ts";

/** The response of the endpoint. Either `status` or `error` is null: `error` is why there was no response. */
export interface ProbeResult {
  readonly status: number | null;
  readonly latencyMs: number;
  readonly redirected: boolean;
  readonly error: string | null;
}

/** Sends one `webhook.test` event to `url`, without retries. */
export async function probeEndpoint(
  url: string,
  tenantId: string,
  secrets: readonly string[],
  configuration: Configuration,
): Promise<ProbeResult> {
  const startedAt = Date.now();
  const body = JSON.stringify({
    type: "webhook.test",
    timestamp: rfc3339(startedAt),
    data: { tenantId },
  });
  const webhook = signWebhook(`msg_${crypto.randomUUID().replaceAll("-", "")}`, body, secrets, startedAt);
  const { outcome } = await deliverWebhook(url, webhook, {
    fetch: (request) => fetch(request),
    allowPrivate: configuration.allowPrivateWebhooks,
  });
  const { status } = outcome;
  return {
    status,
    latencyMs: Date.now() - startedAt,
    redirected: status !== null && status >= 300 && status < 400,
    error: status === null ? outcome.error : null,
  };
}
