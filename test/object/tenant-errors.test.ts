// How a task logs a failed call to its tenant's object: a lost object at warn, a bug at error.

import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { acceptTask, setEnvironment, view } from "../support/objects.ts";
import { ring, useFrozenTime } from "../support/time.ts";

useFrozenTime();

it.each([
  { what: "an object that was lost", marks: { retryable: true }, level: "warn", event: "tenant_unavailable" },
  { what: "an object that was reset", marks: { durableObjectReset: true }, level: "warn", event: "tenant_unavailable" },
  { what: "an overloaded object", marks: { overloaded: true }, level: "warn", event: "tenant_unavailable" },
  { what: "an error of the object's code", marks: {}, level: "error", event: "tenant_call_failed" },
] as const)("logs $what as $event at $level, and the task waits", async ({ marks, level, event }) => {
  const lines = { warn: vi.spyOn(console, "warn"), error: vi.spyOn(console, "error") };
  for (const spy of Object.values(lines)) spy.mockImplementation(() => undefined);
  const task = await acceptTask();
  const error = Object.assign(new Error("thrown by the tenant's object"), marks);
  const TENANTS = { idFromName: () => "id", get: () => ({ admit: () => Promise.reject(error) }) };
  await setEnvironment(task, { ...env, TENANTS });
  await ring(task);
  expect(await view(task)).toMatchObject({ status: "queued" });
  const logged = lines[level].mock.calls.map(([line]) => JSON.parse(String(line)));
  expect(logged).toMatchObject([{ level, event, what: "admission", error: expect.stringContaining("thrown by") }]);
});
