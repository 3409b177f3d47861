// The tenant's webhook endpoint: its address, whether it is disabled and why. The trial and the secret have their own files. What a key
// may not do here is not offered.

import { useState } from "preact/hooks";
import type { Endpoint } from "../api/answers.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useLive } from "../refresh/watch.ts";
import { useAction, useSession } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Button, Card, FailureNotice, Field, Heading, Notice, Skeleton } from "../ui/controls.tsx";
import { useDraft } from "../ui/drafts.ts";
import { moment } from "../ui/formats.ts";
import { SecretCard } from "./webhook-secret.tsx";
import { TrialCard } from "./webhook-test.tsx";

/** An endpoint changes by what is done here, or by a receiver's 410: looked at once. */
const refreshPolicyOf = (): RefreshPolicy => ({ running: false, nextChangeAt: null, settled: true });

export function WebhookView() {
  const { can } = useSession();
  return (
    <>
      <Heading>Webhook</Heading>
      <p class="lead">
        Where the results of tasks go that name no address of their own. One endpoint serves your tenant's live and test
        tasks.
      </p>
      {can("account:read") ? <KnownEndpoint /> : <Cards endpoint={null} onEndpoint={() => undefined} />}
    </>
  );
}

function KnownEndpoint() {
  const { api } = useSession();
  const { value, failure, nextAt, refresh, replace } = useLive(
    "webhook",
    (signal) => api.endpoint(signal),
    refreshPolicyOf,
  );
  return (
    <>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? failure === null && <Skeleton lines={5} /> : <Cards endpoint={value} onEndpoint={replace} />}
    </>
  );
}

interface CardsProps {
  /** Null: the key may not read it. */
  readonly endpoint: Endpoint | null;
  onEndpoint(endpoint: Endpoint): void;
}

function Cards({ endpoint, onEndpoint }: CardsProps) {
  const { can } = useSession();
  const writes = can("account:write");
  const set = endpoint === null || endpoint.url !== null;
  return (
    <>
      <AddressCard endpoint={endpoint} onEndpoint={onEndpoint} />
      {writes && set ? <TrialCard /> : null}
      {writes ? <SecretCard /> : null}
    </>
  );
}

const NONE: Endpoint = { url: null, disabledAt: null, disabledReason: null };

function AddressCard({ endpoint, onEndpoint }: CardsProps) {
  const { api, can } = useSession();
  const [text, setText, forget] = useDraft("webhook.url", endpoint?.url ?? "");
  const [removing, setRemoving] = useState(false);
  const put = useAction((url: string) => api.putEndpoint(url));
  const remove = useAction(() => api.removeEndpoint());
  const [fault, setFault] = useState<string | null>(null);

  const save = async () => {
    const url = text.trim();
    const parsed = URL.parse(url);
    setFault(parsed === null ? "Give a whole address, such as https://hooks.shop.example/solvegate." : null);
    if (parsed === null) return;
    const saved = await put.run(url);
    if (saved === null) return;
    onEndpoint(saved);
    // Where the address cannot be read, what was typed is all that there is to see of it.
    if (endpoint !== null) forget();
    announce("The address is saved.");
  };

  return (
    <Card title={<>Address {endpoint === null ? null : <EndpointBadge endpoint={endpoint} />}</>}>
      {endpoint?.disabledAt == null ? null : (
        <Notice tone="bad" title={`Disabled since ${moment(Date.parse(endpoint.disabledAt))}.`}>
          <p>
            {endpoint.disabledReason ?? "No reason was given."} Nothing is sent to it. Saving an address enables it
            again.
          </p>
        </Notice>
      )}
      {endpoint === null ? (
        <p class="quiet">This key lacks account:read, so the present address is not shown. You can set another.</p>
      ) : null}
      {can("account:write") ? (
        <form
          class="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Field
            label="Endpoint URL"
            path="url"
            errors={put.failure?.errors ?? []}
            fault={fault}
            hint="Public https. Answer with 2xx within 10 s; 410 disables it."
          >
            {(props) => (
              <input
                {...props}
                type="url"
                class="mono"
                value={text}
                placeholder="https://"
                spellcheck={false}
                autocomplete="off"
                onInput={(event) => setText(event.currentTarget.value)}
              />
            )}
          </Field>
          {put.failure === null ? null : <FailureNotice failure={put.failure} />}
          <div class="row">
            <Button kind="primary" type="submit" busy={put.busy}>
              {endpoint?.disabledAt == null ? "Save address" : "Save and enable"}
            </Button>
            {endpoint === null || endpoint.url !== null ? (
              <Button kind="danger" onClick={() => setRemoving(true)}>
                Remove address
              </Button>
            ) : null}
          </div>
        </form>
      ) : (
        <p class="wrap">{endpoint?.url == null ? "None is set." : <code>{endpoint.url}</code>}</p>
      )}
      {removing ? (
        <Confirm
          title="Remove the address?"
          words="Tasks that name no address of their own will then send no webhook, those that are waiting to be sent again neither. The signing secret stays."
          yes="Remove address"
          no="Keep it"
          danger
          busy={remove.busy}
          failure={remove.failure}
          onYes={() => {
            void remove.run().then((done) => {
              if (done === null) return;
              setRemoving(false);
              onEndpoint(NONE);
              forget();
              announce("The address is removed.");
            });
          }}
          onNo={() => {
            remove.clear();
            setRemoving(false);
          }}
        />
      ) : null}
    </Card>
  );
}

function EndpointBadge({ endpoint }: { readonly endpoint: Endpoint }) {
  const [tone, word] =
    endpoint.url === null
      ? ["idle", "Not set"]
      : endpoint.disabledAt === null
        ? ["on", "Enabled"]
        : ["off", "Disabled"];
  return (
    <span class={`badge ${tone}`}>
      <span class="dot" aria-hidden="true" />
      {word}
    </span>
  );
}
