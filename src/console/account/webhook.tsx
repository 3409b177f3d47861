// The webhook view: the endpoint of the key's mode, a test of it, the signing secret and recent deliveries. What the key may not do is
// not offered.

import type { Endpoint } from "../api/wire.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { FailureNotice } from "../ui/controls.tsx";
import { Heading, Skeleton } from "../ui/surfaces.tsx";
import { DeliveriesCard } from "./webhook-deliveries.tsx";
import { EndpointCard } from "./webhook-endpoint.tsx";
import { SecretCard } from "./webhook-secret.tsx";
import { TestCard } from "./webhook-test.tsx";

export function WebhookView() {
  const { can, me } = useTenant();
  return (
    <>
      <Heading>Webhook</Heading>
      <p class="lead">
        The endpoint for {me.mode} tasks that name no webhook URL of their own. {me.mode === "test" ? "Live" : "Test"}{" "}
        tasks have an endpoint and a secret of their own.
      </p>
      {can("account:read") ? <KnownEndpoint /> : <Cards endpoint={null} onEndpoint={() => undefined} />}
    </>
  );
}

function KnownEndpoint() {
  const { api } = useTenant();
  const { value, failure, nextAt, refresh, replace } = useWatch("webhook", (signal) => api.endpoint(signal), LOAD_ONCE);
  return (
    <>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? failure === null && <Skeleton lines={5} /> : <Cards endpoint={value} onEndpoint={replace} />}
    </>
  );
}

interface CardsProps {
  /** Null where the key may not read it. */
  readonly endpoint: Endpoint | null;
  onEndpoint(endpoint: Endpoint): void;
}

function Cards({ endpoint, onEndpoint }: CardsProps) {
  const { can } = useTenant();
  const writes = can("account:write");
  const mayBeSet = endpoint === null || endpoint.url !== null;
  return (
    <>
      <EndpointCard endpoint={endpoint} onEndpoint={onEndpoint} />
      {writes && mayBeSet ? <TestCard /> : null}
      {can("tasks:read") ? <DeliveriesCard /> : null}
      {writes ? <SecretCard /> : null}
    </>
  );
}
