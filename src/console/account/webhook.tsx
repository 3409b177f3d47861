// The webhook view: the endpoint of the key's mode, a test of it, the signing secret and recent deliveries. What the key may not do is
// not offered.

import type { Endpoint } from "../../client/index.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { Loaded } from "../ui/loaded.tsx";
import { Heading } from "../ui/surfaces.tsx";
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
        The endpoint for {me.mode} tasks without a webhook URL of their own. {me.mode === "test" ? "Live" : "Test"}{" "}
        tasks have a separate endpoint and secret.
      </p>
      {can("account:read") ? <KnownEndpoint /> : <Cards endpoint={null} onEndpoint={() => undefined} />}
    </>
  );
}

function KnownEndpoint() {
  const { client } = useTenant();
  const endpoint = useWatch("webhook", (signal) => client.webhook.get({ signal }), LOAD_ONCE);
  return (
    <Loaded watched={endpoint} lines={5}>
      {(value) => <Cards endpoint={value} onEndpoint={endpoint.replace} />}
    </Loaded>
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
