// Custom spans: one around each admission, submission, poll and delivery, with ids and outcomes and nothing secret.

import { env, tracing } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { acceptTask } from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { ringOnTime, useFrozenTime } from "../support/time.ts";
import { created, plain, processing, RECEIVER_URL, ready, scriptOutside, TOKEN } from "../support/upstream.ts";

useFrozenTime(createTenant);

/** Records every span, as if each invocation were sampled. */
function recordSpans(): { readonly name: string; readonly attributes: Record<string, unknown> }[] {
  const spans: { name: string; attributes: Record<string, unknown> }[] = [];
  const enterSpan: typeof tracing.enterSpan = (name, callback, ...rest) =>
    tracing.startActiveSpan(
      name,
      (span, ...parameters) => {
        const entry: (typeof spans)[number] = { name, attributes: {} };
        spans.push(entry);
        const traced = new Proxy(span, {
          get: (target, key) => {
            if (key === "isTraced") return true;
            if (key === "setAttributes") return (more: object) => Object.assign(entry.attributes, more);
            return Reflect.get(target, key, target);
          },
        });
        return callback(traced, ...parameters);
      },
      ...rest,
    );
  vi.spyOn(tracing, "enterSpan").mockImplementation(enterSpan);
  return spans;
}

it("a task has a span for each of its steps, with its outcome and without any secret", async () => {
  const spans = recordSpans();
  scriptOutside({ create: [created()], poll: [processing, ready], receive: [plain(204, null)] });
  const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
  for (let alarm = 0; alarm < 3; alarm += 1) await ringOnTime(stub);
  expect(spans.map(({ name, attributes }) => [name, attributes["solvegate.outcome"]])).toEqual([
    ["task.admission", "admitted"],
    ["task.submission", "created"],
    ["task.poll", "processing"],
    ["task.poll", "ready"],
    ["task.delivery", "delivered"],
  ]);
  const common = { "solvegate.task_id": expect.stringMatching(/^tsk_/), "solvegate.tenant_id": "acme" };
  for (const { attributes } of spans) expect(attributes).toMatchObject({ ...common, "solvegate.mode": "live" });
  expect(spans[1]?.attributes).toMatchObject({ "solvegate.upstream_account": "default" });
  const text = JSON.stringify(spans);
  expect(text).not.toContain(TOKEN);
  expect(text).not.toContain(String(Reflect.get(env, "UPSTREAM_CLIENT_KEY")));
});

it("a task without sampled spans takes the same steps", async () => {
  const outside = scriptOutside({ create: [created()] });
  await ringOnTime(await acceptTask());
  expect(outside.creates).toHaveLength(1);
});
