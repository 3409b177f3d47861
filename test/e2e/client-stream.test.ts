// `solvegate listen` of the installed package against a real gateway, with a local receiver behind it.

import { afterAll, beforeAll, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { Solvegate, verifyWebhook } from "../../src/client/index.ts";
import { type InstalledClient, installClient } from "./installed-client.ts";
import type { Stage } from "./support.ts";
import { askAdmin, makeTenant, SEED_TASK, setStage } from "./support.ts";

const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];

let installed: InstalledClient;
let stage: Stage;
let receiver: WebhookReceiver;
let apiKey: string;
let secret: string;

beforeAll(async () => {
  installed = await installClient();
  stage = await setStage();
  receiver = await startReceiver();
  secret = (await makeTenant(stage.gateway(), "acme")).webhookSecrets.test;
  const key = { name: "e2e", mode: "test", scopes: SCOPES };
  const { body } = await askAdmin(stage.gateway(), "POST", "/admin/tenants/acme/keys", key);
  apiKey = (body as { key: string }).key;
});

afterAll(async () => {
  installed.killCommands();
  await receiver.close();
  await stage.close();
  installed.remove();
});

/** Creates a test task that takes `ms`; resolves with its id. */
const create = async (ms: number): Promise<string> => {
  const solvegate = new Solvegate({ baseUrl: stage.gateway().url, apiKey });
  const task = { ...SEED_TASK, websiteKey: ms === 0 ? "sandbox-instant" : `sandbox-delay-${ms}` };
  return (await solvegate.tasks.create({ task })).id;
};

it("brings every event to the local receiver, signed, through a crash of the gateway", async () => {
  const env = { SOLVEGATE_URL: stage.gateway().url, SOLVEGATE_API_KEY: apiKey };
  const { child, output, exit } = installed.solvegate(["listen", "--forward-to", receiver.url], env);
  await expect.poll(() => output.stdout, { timeout: 20_000 }).toContain("Connected");
  expect(output.stdout).toContain(`Signing secret: ${secret}`);

  const ids = [await create(0), await create(0)];
  await receiver.nth(2);
  // These become final while the stream is away, or soon after.
  ids.push(await create(1_000), await create(8_000));
  await stage.killAndRestart();
  ids.push(await create(0));

  const received = async () => {
    const events = await Promise.all(
      receiver.received.map(({ body, headers }) => verifyWebhook({ body, headers, secret })),
    );
    return events.map((event) => (event.type === "task.ready" ? event.data.id : event.type)).sort();
  };
  await expect.poll(received, { timeout: 40_000, interval: 500 }).toEqual([...ids].sort());
  const webhookIds = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(webhookIds).size).toBe(ids.length);

  child.kill("SIGINT");
  expect(await exit).toBe(0);
  expect(output.stdout + output.stderr).not.toContain(apiKey);
});

it("ends the iteration of a key without the scope tasks:read, and of a wrong key", async () => {
  const key = { name: "narrow", mode: "test", scopes: ["tasks:write"] };
  const { body } = await askAdmin(stage.gateway(), "POST", "/admin/tenants/acme/keys", key);
  const { url: baseUrl } = stage.gateway();
  const narrow = new Solvegate({ baseUrl, apiKey: (body as { key: string }).key });
  await expect(narrow.events().next()).rejects.toMatchObject({ code: "insufficient_scope", status: 403 });
  const wrong = new Solvegate({ baseUrl, apiKey: `${apiKey.slice(0, -1)}0` });
  await expect(wrong.events().next()).rejects.toMatchObject({ code: "unauthenticated", status: 401 });
});
