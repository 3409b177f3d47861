// The signing secret's rotation: an overlap is chosen, and the new secret is shown this once. Keeps nothing of it.

import { useState } from "preact/hooks";
import { useAction, useSession } from "../session/session.ts";
import { Button, Card, FailureNotice, Secret } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { OverlapField } from "../ui/overlap-field.tsx";

/** An old secret signs this long (s) unless told otherwise: time enough for a deployment. */
const DAY_S = 86_400;

export function SecretCard() {
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
        <Dialog key="ask" title="Rotate the signing secret?" onClose={close}>
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
        <Dialog key="show" title="The new signing secret" onClose={() => setSecret(null)} locked>
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
