// The dialog that creates a tenant, and shows its signing secrets once.

import { useState } from "preact/hooks";
import type { CreatedTenant, FieldError, NewTenant } from "../api/wire.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useAction, useOperator } from "../session/session.ts";
import { Button, FailureNotice, Field, Secret } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { LOCATIONS, type Location } from "./locations.ts";
import { hostsOf, limitsOf, type TenantDraft, TenantFields } from "./tenant-form.tsx";

const EMPTY: TenantDraft = { name: "", hosts: "", maxInFlight: "100", monthlyTasks: "", upstreamAccount: "" };

interface CreateTenantDialogProps {
  onClose(): void;
  onCreated(): void;
}

export function CreateTenantDialog({ onClose, onCreated }: CreateTenantDialogProps) {
  const { api } = useOperator();
  const [id, setId] = useState("");
  const [draft, setDraft] = useState(EMPTY);
  const [location, setLocation] = useState("");
  const accounts = useWatch("upstream accounts", (signal) => api.upstream(signal), LOAD_ONCE);
  const [created, setCreated] = useState<CreatedTenant | null>(null);
  const create = useAction((body: NewTenant) => api.createTenant(body));
  const [typed, setTyped] = useState<readonly FieldError[]>([]);
  const errors = [...typed, ...(create.failure?.errors ?? [])];
  const submit = async () => {
    const limits = limitsOf(draft);
    setTyped("maxInFlight" in limits ? [] : limits);
    if (!("maxInFlight" in limits)) return;
    const result = await create.run({
      id: id.trim(),
      name: draft.name.trim() === "" ? id.trim() : draft.name.trim(),
      allowedHosts: hostsOf(draft.hosts),
      limits: { ...limits },
      upstreamAccount: draft.upstreamAccount || null,
      location: (Object.keys(LOCATIONS) as Location[]).find((one) => one === location) ?? null,
    });
    if (result === null) return;
    setCreated(result.value);
    onCreated();
  };
  if (created !== null) return <CreatedDialog key="created" tenant={created} onClose={onClose} />;
  return (
    <Dialog key="create" title="Create a tenant" onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field
          label="Id"
          path="id"
          errors={errors}
          hint="2 to 31 lower-case letters, digits and hyphens. It is part of every key and can't be changed."
        >
          {(props) => (
            <input
              {...props}
              class="mono"
              value={id}
              maxLength={31}
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              onInput={(event) => setId(event.currentTarget.value)}
            />
          )}
        </Field>
        <TenantFields draft={draft} errors={errors} accounts={accounts.value ?? []} onDraft={setDraft} />
        <Field
          label="Location"
          path="location"
          errors={errors}
          hint="Where its state is stored: near its programs. It can't be changed."
        >
          {(props) => (
            <select {...props} value={location} onChange={(event) => setLocation(event.currentTarget.value)}>
              <option value="">Near its first caller</option>
              {Object.entries(LOCATIONS).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        {create.failure === null ? null : <FailureNotice failure={create.failure} />}
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={create.busy}>
            Create tenant
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function CreatedDialog({ tenant, onClose }: { readonly tenant: CreatedTenant; onClose(): void }) {
  const { webhookSecrets } = tenant;
  return (
    <Dialog title={`The tenant ${tenant.name} was created`} onClose={onClose} locked>
      <p>These secrets sign its webhooks. The tenant can read them with a key that has account:write.</p>
      <Secret text={webhookSecrets.live} what="Live signing secret" />
      <Secret text={webhookSecrets.test} what="Test signing secret" />
      <div class="row end">
        <Button onClick={onClose}>Close</Button>
        <Button
          kind="primary"
          onClick={() => {
            onClose();
            location.hash = hashOf({ view: "tenant", id: tenant.id, tab: "keys" });
          }}
        >
          Create its first key
        </Button>
      </div>
    </Dialog>
  );
}
