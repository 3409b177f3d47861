// The signing secret of the key's mode: shown on request, and rotated.

import { useState } from "preact/hooks";
import type { WebhookSecret } from "../../client/index.ts";
import { useAction, useTenant } from "../session/session.ts";
import { Button, FailureNotice, Secret } from "../ui/controls.tsx";
import { ActionDialog } from "../ui/dialog.tsx";
import { moment } from "../ui/formats.ts";
import { OverlapField } from "../ui/overlap-field.tsx";
import { Card } from "../ui/surfaces.tsx";

/** The old secret keeps signing this long (s) unless another time is chosen. */
const DAY_S = 86_400;

export function SecretCard() {
  const { client, me } = useTenant();
  const [shown, setShown] = useState<WebhookSecret | null>(null);
  const [rotating, setRotating] = useState(false);
  const read = useAction(() => client.webhook.secret(), setShown);
  return (
    <Card title="Signing secret">
      <p class="quiet">
        Signs the webhooks of {me.mode} tasks, as Standard Webhooks defines. Showing it is recorded in the audit log.
      </p>
      {read.failure === null ? null : <FailureNotice failure={read.failure} />}
      {shown === null ? null : (
        <>
          <Secret text={shown.secret} what="Signing secret" />
          {shown.previous === null ? null : (
            <>
              <p class="quiet">The previous secret signs too, until {moment(Date.parse(shown.previous.expiresAt))}:</p>
              <Secret text={shown.previous.secret} what="Previous signing secret" />
            </>
          )}
        </>
      )}
      <div class="row">
        {shown === null ? (
          <Button busy={read.busy} onClick={read.run}>
            Show secret
          </Button>
        ) : (
          <Button onClick={() => setShown(null)}>Hide secret</Button>
        )}
        <Button onClick={() => setRotating(true)}>Rotate secret</Button>
      </div>
      {rotating ? (
        <RotateDialog
          onClose={() => setRotating(false)}
          onRotated={() => {
            setRotating(false);
            read.run();
          }}
        />
      ) : null}
    </Card>
  );
}

interface RotateDialogProps {
  onClose(): void;
  onRotated(): void;
}

function RotateDialog({ onClose, onRotated }: RotateDialogProps) {
  const { webhook } = useTenant().client;
  const [overlap, setOverlap] = useState(DAY_S);
  const rotate = useAction(() => webhook.rotate({ overlapSeconds: overlap }), onRotated);
  return (
    <ActionDialog
      title="Rotate the signing secret?"
      action={rotate}
      word="Rotate secret"
      keep="Keep the secret"
      onSubmit={rotate.run}
      onClose={onClose}
    >
      <p>A new secret signs from now on. The old one can sign too until your receivers have the new one.</p>
      <OverlapField
        label="The old secret signs for"
        hint="Both signatures are sent in that time. A receiver accepts either."
        seconds={overlap}
        onSeconds={setOverlap}
      />
    </ActionDialog>
  );
}
