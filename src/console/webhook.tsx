// The tenant's webhook endpoint: its address, whether it is disabled and why, a trial, and the signing secret's rotation. The secret is
// shown once. What a key may not do here is not offered.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { announce } from "./announcer.tsx";
import type { Endpoint, Probe } from "./answers.ts";
import { Confirm } from "./confirm.tsx";
import { Button, FailureNotice, Field, Heading, Notice, Secret, Skeleton } from "./controls.tsx";
import { Dialog } from "./dialog.tsx";
import { useDraft } from "./drafts.ts";
import { duration, moment } from "./formats.ts";
import type { Outlook } from "./live.ts";
import { useLive } from "./live.ts";
import { OverlapField } from "./overlap.tsx";
import { useAction, useSession } from "./session.ts";

/** An endpoint changes by what is done here, or by a receiver's 410: looked at once. */
const outlookOf = (): Outlook => ({ running: false, nextChangeAt: null, settled: true });

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
  const { value, failure, nextAt, refresh, replace } = useLive("webhook", (signal) => api.endpoint(signal), outlookOf);
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

function Card({ title, children }: { readonly title: ComponentChildren; readonly children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
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
    setText(saved.url ?? "");
    onEndpoint(saved);
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
              forget();
              setText("");
              onEndpoint(NONE);
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

function TrialCard() {
  const { api } = useSession();
  const [probe, setProbe] = useState<Probe | null>(null);
  const test = useAction(() => api.testEndpoint());
  const run = async () => {
    setProbe(null);
    const result = await test.run();
    if (result !== null) setProbe(result);
  };
  return (
    <Card title="Test">
      <p class="quiet">
        Sends one signed webhook.test to the address now, and shows what it answered. A redirect is not followed.
      </p>
      <div class="row">
        <Button busy={test.busy} onClick={() => void run()}>
          Send a test
        </Button>
      </div>
      {test.failure === null ? null : <FailureNotice failure={test.failure} />}
      <div role="status">{probe === null ? null : <ProbeResult probe={probe} />}</div>
    </Card>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  timeout: "it took longer than 10 s",
  network: "the connection failed",
  target_refused: "the address is not one that the gateway may call",
};

function reasonOf(error: string | null): string {
  return error === null ? "no reason is known" : (REASONS[error] ?? error);
}

function ProbeResult({ probe }: { readonly probe: Probe }) {
  const { status, latencyMs, redirected, error } = probe;
  const took = `after ${duration(latencyMs)}`;
  if (status === null) {
    return (
      <Notice tone="bad" title={`No answer ${took}: ${reasonOf(error)}.`}>
        <p>
          Check that the address is right, that its name resolves, and that it answers POST over https from outside.
        </p>
      </Notice>
    );
  }
  if (redirected) {
    return (
      <Notice tone="warn" title={`It answered HTTP ${status} ${took}: a redirect.`}>
        <p>Redirects are not followed, so this counts as a failure. Set the address that it points to.</p>
      </Notice>
    );
  }
  if (status >= 200 && status < 300) {
    return <Notice tone="good" title={`It answered HTTP ${status} ${took}. Webhooks get through.`} />;
  }
  return (
    <Notice tone="warn" title={`It answered HTTP ${status} ${took}.`}>
      <p>
        {status === 410
          ? "A webhook of a task that is answered so disables the endpoint."
          : "Only 2xx counts as delivered. If it refuses the signature, check that it has the newest secret."}
      </p>
    </Notice>
  );
}

/** An old secret signs this long (s) unless told otherwise: time enough for a deployment. */
const DAY_S = 86_400;

function SecretCard() {
  const { api } = useSession();
  const [asking, setAsking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [overlap, setOverlap] = useState(DAY_S);
  const rotate = useAction((seconds: number) => api.rotateSecret(seconds));
  const close = () => {
    rotate.clear();
    setAsking(false);
  };
  return (
    <Card title="Signing secret">
      <p class="quiet">
        Webhooks are signed by Standard Webhooks with it. It was shown when the tenant was made, and is not shown again:
        rotate it if it is lost, or may be known to others.
      </p>
      <div class="row">
        <Button onClick={() => setAsking(true)}>Rotate secret</Button>
      </div>
      {asking ? (
        <Dialog title="Rotate the signing secret?" onClose={close}>
          <p>
            A new secret signs from now on. For a while the old one can sign too, so that your receiver misses nothing.
          </p>
          <OverlapField
            label="The old secret signs for"
            hint="Both signatures are sent in that time; a receiver accepts if one fits."
            seconds={overlap}
            onSeconds={setOverlap}
          />
          {rotate.failure === null ? null : <FailureNotice failure={rotate.failure} />}
          <div class="row end">
            <Button onClick={close}>Keep the secret</Button>
            <Button
              kind="primary"
              busy={rotate.busy}
              onClick={() => {
                void rotate.run(overlap).then((made) => {
                  if (made === null) return;
                  setAsking(false);
                  setSecret(made.secret);
                });
              }}
            >
              Rotate secret
            </Button>
          </div>
        </Dialog>
      ) : null}
      {secret === null ? null : (
        <Dialog title="The new signing secret" onClose={() => setSecret(null)} locked>
          <p>It is shown this once. Put it where your receiver reads it.</p>
          <Secret text={secret} what="Signing secret" />
          <div class="row end">
            <Button kind="primary" onClick={() => setSecret(null)}>
              I have stored it
            </Button>
          </div>
        </Dialog>
      )}
    </Card>
  );
}
