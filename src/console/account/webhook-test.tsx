// A test of the endpoint: one webhook.test, sent now, and the response of the receiver.

import { useState } from "preact/hooks";
import type { EndpointTest } from "../../client/index.ts";
import { useAction, useTenant } from "../session/session.ts";
import { Button, FailureNotice, Notice } from "../ui/controls.tsx";
import { duration } from "../ui/formats.ts";
import { Card } from "../ui/surfaces.tsx";

export function TestCard() {
  const { client } = useTenant();
  const [result, setResult] = useState<EndpointTest | null>(null);
  const test = useAction(() => {
    setResult(null);
    return client.webhook.test();
  }, setResult);
  return (
    <Card title="Test">
      <p class="quiet">Sends one signed webhook.test to the endpoint now, and shows the response.</p>
      <div class="row">
        <Button busy={test.busy} onClick={test.run}>
          Send a test
        </Button>
      </div>
      {test.failure === null ? null : <FailureNotice failure={test.failure} />}
      <div role="status">{result === null ? null : <TestResult result={result} />}</div>
    </Card>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  timeout: "it took longer than 10 s",
  network: "the connection failed",
  target_refused: "the gateway may not call this URL",
};

const reasonOf = (error: string | null): string =>
  error === null ? "the reason is unknown" : (REASONS[error] ?? error);

function TestResult({ result }: { readonly result: EndpointTest }) {
  const { status, latencyMs, redirected, error } = result;
  const took = `after ${duration(latencyMs)}`;
  if (status === null) {
    return (
      <Notice tone="bad" title={`No response ${took}: ${reasonOf(error)}.`}>
        <p>Check that the URL is right, that its name resolves, and that it accepts POST over https from outside.</p>
      </Notice>
    );
  }
  if (redirected) {
    return (
      <Notice tone="warn" title={`The receiver answered HTTP ${status} ${took}: a redirect.`}>
        <p>Redirects are not followed, so this counts as a failure. Set the URL that it redirects to.</p>
      </Notice>
    );
  }
  if (status >= 200 && status < 300) {
    return <Notice tone="good" title={`The receiver answered HTTP ${status} ${took}. Webhooks are delivered.`} />;
  }
  return (
    <Notice tone="warn" title={`The receiver answered HTTP ${status} ${took}.`}>
      <p>
        {status === 410
          ? "This answer to a task's webhook disables the endpoint."
          : "Only 2xx counts as delivered. If the receiver rejects the signature, check that it has the current secret."}
      </p>
    </Notice>
  );
}
