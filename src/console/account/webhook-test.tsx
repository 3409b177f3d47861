// The trial of the endpoint: one webhook.test, now, and what came back, in words that say whether webhooks get through.

import { useState } from "preact/hooks";
import type { Probe } from "../api/answers.ts";
import { useAction, useSession } from "../session/session.ts";
import { Button, Card, FailureNotice, Notice } from "../ui/controls.tsx";
import { duration } from "../ui/formats.ts";

export function TrialCard() {
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
