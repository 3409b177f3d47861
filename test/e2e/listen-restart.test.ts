// `solvegate listen` of the installed package with a real gateway, which is killed and started again in the middle.

import { expect, it, onTestFinished } from "vitest";
import { startReceiver } from "../../scripts/support/webhook-receiver.ts";
import { verifyWebhook } from "../../src/client/index.ts";
import type { Task } from "../../src/tasks/present.ts";
import { installClient } from "./installed-client.ts";
import { ask, createKey, createTenant, EXAMPLE_TASK, setStage } from "./support.ts";

it("solvegate listen forwards every event exactly once when the gateway is killed and restarted in between", async () => {
  const [stage, installed, receiver] = await Promise.all([setStage(), installClient(), startReceiver()]);
  onTestFinished(async () => {
    await Promise.all([stage.close(), receiver.close()]);
    installed.remove();
  });
  const { webhookSecrets } = await createTenant(stage.gateway(), "listened");
  const key = await createKey(stage.gateway(), "listened", "test");
  const submit = async (websiteKey: string) => {
    const task = { ...EXAMPLE_TASK, websiteKey };
    const { status, body } = await ask(stage.gateway(), "POST", "/v1/tasks", { token: key, body: { task } });
    expect(status).toBe(202);
    return (body as Task).id;
  };
  const submitThree = (websiteKey: string) => Promise.all([1, 2, 3].map(() => submit(websiteKey)));

  const env = { SOLVEGATE_URL: stage.gateway().url, SOLVEGATE_API_KEY: key };
  const { child, output, exit } = installed.solvegate(["listen", "--forward-to", receiver.url], env);
  onTestFinished(() => void child.kill("SIGKILL"));
  const until = (look: () => unknown) => expect.poll(look, { timeout: 30_000 });
  await until(() => output.stdout).toContain("Connected");
  const before = await submitThree("sandbox-instant");
  await until(() => receiver.received.length).toBe(3);

  // In flight at the kill, and final after the restart, perhaps before the listener has connected again.
  const during = await submitThree("sandbox-delay-4000");
  await stage.killAndRestart();
  const after = await submitThree("sandbox-instant");
  await until(() => receiver.received.length).toBe(9);
  await until(() => output.stdout).toMatch(/Connection lost[\s\S]*Connected/);

  const last = await submit("sandbox-instant");
  await until(() => receiver.received.length).toBe(10);
  const events = await Promise.all(
    receiver.received.map(({ body, headers }) => verifyWebhook({ body, headers, secret: webhookSecrets.test })),
  );
  const ids = events.map((event) => (event as { data: Task }).data.id);
  expect(ids.toSorted()).toEqual([...before, ...during, ...after, last].toSorted());
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(10);
  child.kill("SIGINT");
  expect(await exit).toBe(0);
});
