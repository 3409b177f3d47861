// The dialog that creates a tenant, and shows its signing secrets once.

import { useState } from "preact/hooks";
import type { CreatedTenant, FieldError, NewTenant } from "../../client/index.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useAction, useOperator } from "../session/session.ts";
import { Button, Secret } from "../ui/controls.tsx";
import { ActionDialog, Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/form.tsx";
import { hostsOf, LOCATIONS, type Location, limitsOf, type TenantDraft, TenantFields } from "./tenant-form.tsx";

const LOCATION_OPTIONS = [
  { value: "", name: "Near its first caller" },
  ...Object.entries(LOCATIONS).map(([value, name]) => ({ value, name })),
];

const EMPTY: TenantDraft = { name: "", hosts: "", maxInFlight: "100", monthlyTasks: "", upstreamAccount: "" };

interface CreateTenantDialogProps {
  onClose(): void;
  onCreated(): void;
}

export function CreateTenantDialog({ onClose, onCreated }: CreateTenantDialogProps) {
  const { client } = useOperator();
  const [id, setId] = useState("");
  const [draft, setDraft] = useState(EMPTY);
  const [location, setLocation] = useState("");
  const accounts = useWatch("upstream accounts", (signal) => client.upstream({ signal }), LOAD_ONCE);
  const [created, setCreated] = useState<CreatedTenant | null>(null);
  const create = useAction(
    (body: NewTenant) => client.tenants.create(body),
    (tenant) => {
      setCreated(tenant);
      onCreated();
    },
  );
  const [invalid, setInvalid] = useState<readonly FieldError[]>([]);
  const errors = [...invalid, ...(create.failure?.errors ?? [])];
  const submit = () => {
    const limits = limitsOf(draft);
    setInvalid("maxInFlight" in limits ? [] : limits);
    if (!("maxInFlight" in limits)) return;
    create.run({
      id: id.trim(),
      name: draft.name.trim() === "" ? id.trim() : draft.name.trim(),
      allowedHosts: hostsOf(draft.hosts),
      limits: { ...limits },
      upstreamAccount: draft.upstreamAccount || null,
      location: (Object.keys(LOCATIONS) as Location[]).find((one) => one === location) ?? null,
    });
  };
  if (created !== null) return <CreatedDialog key="created" tenant={created} onClose={onClose} />;
  return (
    <ActionDialog
      key="create"
      title="Create a tenant"
      action={create}
      word="Create tenant"
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label="Id"
        path="id"
        errors={errors}
        hint="2 to 31 lower-case letters, digits and hyphens. It is part of every key and can't be changed."
        code
        maxLength={31}
        value={id}
        onValue={setId}
      />
      <TenantFields draft={draft} errors={errors} accounts={accounts.value ?? []} onDraft={setDraft} />
      <SelectField
        label="Location"
        path="location"
        errors={errors}
        hint="Where its state is stored. Choose the region of its programs; it can't be changed."
        options={LOCATION_OPTIONS}
        value={location}
        onValue={setLocation}
      />
    </ActionDialog>
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
