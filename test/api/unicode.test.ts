// Text that is not well-formed Unicode. The database would replace a lone surrogate, so that a query could not find the text.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError, expectInvalid } from "../support/answers.ts";
import { ADMIN_TOKEN, call, EXAMPLE_TASK, makeCaller, makeTenant, submit } from "../support/gateway.ts";

afterEach(reset);

const LONE = "a\ud800b";

describe("a lone surrogate", () => {
  it.each([
    ["reference", { reference: LONE }],
    ["metadata.order", { metadata: { order: LONE } }],
    ["webhookUrl", { webhookUrl: `https://hooks.shop.example/${LONE}` }],
    ["task.websiteURL", { task: { ...EXAMPLE_TASK, websiteURL: `https://antcpt.com/${LONE}` } }],
    ["task.websiteKey", { task: { ...EXAMPLE_TASK, websiteKey: LONE } }],
    ["task.pageAction", { task: { ...EXAMPLE_TASK, pageAction: LONE } }],
    ["task.checkField", { task: { ...EXAMPLE_TASK, checkField: LONE } }],
    ["task.websiteTitle", { task: { ...EXAMPLE_TASK, websiteTitle: LONE } }],
  ])("returns 400 in %s of a new task", async (path, fields) => {
    const { key } = await makeCaller();
    const response = await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK, ...fields } });
    await expectInvalid(response, path);
  });

  it.each([
    ["POST", "/v1/keys", "name", { name: LONE }],
    ["PUT", "/v1/webhook", "url", { url: `https://hooks.shop.example/${LONE}` }],
  ])("returns 400 in a field of %s %s: %s", async (method, path, field, body) => {
    const { key } = await makeCaller({}, { scopes: ["account:write"] });
    await expectInvalid(await call(method, path, { key, body }), field);
  });

  it.each([
    ["POST", "/admin/tenants", { id: "acme", name: LONE }],
    ["PATCH", "/admin/tenants/{tenant}", { name: LONE }],
    ["POST", "/admin/tenants/{tenant}/keys", { name: LONE, mode: "test" }],
  ])("returns 400 in the name of %s %s", async (method, path, body) => {
    const { id } = await makeTenant();
    const response = await call(method, path.replace("{tenant}", id), { key: ADMIN_TOKEN, body });
    await expectInvalid(response, "name");
  });

  it("returns 400 in a name of the metadata", async () => {
    const { key } = await makeCaller();
    const body = { task: EXAMPLE_TASK, metadata: { [LONE]: "1042" } };
    await expectInvalid(await call("POST", "/v1/tasks", { key, body }), `metadata.${LONE}`);
  });

  it("returns ERROR_BAD_REQUEST in a task or callbackUrl of the compatibility API", async () => {
    const { key: clientKey } = await makeCaller();
    for (const fields of [
      { task: { ...EXAMPLE_TASK, websiteTitle: LONE } },
      { task: EXAMPLE_TASK, callbackUrl: `https://hooks.shop.example/${LONE}` },
    ]) {
      const response = await call("POST", "/createTask", { body: { clientKey, ...fields } });
      await expectCompatibilityError(response, "ERROR_BAD_REQUEST");
    }
  });

  it("is described in the error", async () => {
    const { key } = await makeCaller();
    const response = await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK, reference: LONE } });
    expect(await response.json()).toMatchObject({
      errors: [{ path: "reference", message: "must be valid Unicode, without an unpaired surrogate" }],
    });
  });
});

it("a reference with characters beyond the basic plane is returned and found", async () => {
  const { key } = await makeCaller();
  const { id, reference } = await submit(key, EXAMPLE_TASK, { reference: "order-\u{1f600}" });
  expect(reference).toBe("order-\u{1f600}");
  const list = () => call("GET", `/v1/tasks?reference=${encodeURIComponent("order-\u{1f600}")}`, { key });
  await expect.poll(async () => (await list()).json()).toMatchObject({ tasks: [{ id, reference }] });
});
