// The endpoint: its URL, and whether it is disabled and why.

import { useState } from "preact/hooks";
import type { Endpoint } from "../../client/index.ts";
import { useAction, useTenant } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Button, FailureNotice, Notice } from "../ui/controls.tsx";
import { ActionDialog } from "../ui/dialog.tsx";
import { useDraft } from "../ui/drafts.ts";
import { Form, TextField } from "../ui/form.tsx";
import { moment } from "../ui/formats.ts";
import { Badge, Card } from "../ui/surfaces.tsx";

interface EndpointCardProps {
  /** Null where the key may not read it. */
  readonly endpoint: Endpoint | null;
  onEndpoint(endpoint: Endpoint): void;
}

const NO_ENDPOINT: Endpoint = { url: null, disabledAt: null, disabledReason: null };

export function EndpointCard({ endpoint, onEndpoint }: EndpointCardProps) {
  const { can } = useTenant();
  return (
    <Card title={<>Endpoint {endpoint === null ? null : <EndpointBadge endpoint={endpoint} />}</>}>
      {endpoint?.disabledAt == null ? null : (
        <Notice tone="bad" title={`Disabled since ${moment(Date.parse(endpoint.disabledAt))}.`}>
          <p>
            {endpoint.disabledReason ?? "No reason was given."} Nothing is sent to it. Saving the endpoint enables it
            again.
          </p>
        </Notice>
      )}
      {endpoint === null ? (
        <p class="quiet">This key lacks account:read, so the current URL is not shown. You can set another one.</p>
      ) : null}
      {can("account:write") ? (
        <EndpointForm endpoint={endpoint} onEndpoint={onEndpoint} />
      ) : (
        <p class="wrap">{endpoint?.url == null ? "No endpoint is set." : <code>{endpoint.url}</code>}</p>
      )}
    </Card>
  );
}

function EndpointForm({ endpoint, onEndpoint }: EndpointCardProps) {
  const { webhook } = useTenant().client;
  const [text, setText, clearText] = useDraft("webhook.url", endpoint?.url ?? "");
  const [removing, setRemoving] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const save = useAction(
    (url: string) => webhook.set(url),
    (saved) => {
      onEndpoint(saved);
      // Where the key may not read the URL, the field is the only place that shows it.
      if (endpoint !== null) clearText();
      announce("The endpoint was saved.");
    },
  );
  const remove = useAction(
    () => webhook.delete(),
    () => {
      setRemoving(false);
      onEndpoint(NO_ENDPOINT);
      clearText();
      announce("The endpoint was removed.");
    },
  );
  const submit = () => {
    const url = text.trim();
    const complete = URL.canParse(url);
    setError(complete ? null : "Enter a complete URL, such as https://hooks.shop.example/solvegate.");
    if (complete) save.run(url);
  };

  return (
    <>
      <Form onSubmit={submit}>
        <TextField
          label="Endpoint URL"
          path="url"
          errors={save.failure?.errors ?? []}
          error={error}
          hint="A public https URL. It must answer with 2xx within 10 s; 410 disables it."
          type="url"
          code
          placeholder="https://"
          value={text}
          onValue={setText}
        />
        {save.failure === null ? null : <FailureNotice failure={save.failure} />}
        <div class="row">
          <Button kind="primary" type="submit" busy={save.busy}>
            {endpoint?.disabledAt == null ? "Save endpoint" : "Save and enable"}
          </Button>
          {endpoint === null || endpoint.url !== null ? (
            <Button kind="danger" onClick={() => setRemoving(true)}>
              Remove endpoint
            </Button>
          ) : null}
        </div>
      </Form>
      {removing ? (
        <ActionDialog
          title="Remove the endpoint?"
          action={remove}
          word="Remove endpoint"
          keep="Keep it"
          danger
          onSubmit={remove.run}
          onClose={() => setRemoving(false)}
        >
          <p>
            Tasks without a webhook URL of their own then send no webhook, and pending attempts to this endpoint end.
            The signing secret stays.
          </p>
        </ActionDialog>
      ) : null}
    </>
  );
}

function EndpointBadge({ endpoint }: { readonly endpoint: Endpoint }) {
  if (endpoint.url === null) return <Badge tone="idle">Not set</Badge>;
  return endpoint.disabledAt === null ? <Badge tone="on">Enabled</Badge> : <Badge tone="off">Disabled</Badge>;
}
