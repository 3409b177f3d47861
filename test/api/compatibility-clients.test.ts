// Requests of existing client libraries, as they were recorded on the wire. The README lists the clients.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError } from "../support/answers.ts";
import { call, freshAddress, makeCaller } from "../support/gateway.ts";

afterEach(reset);

const PAGE = "https://antcpt.com/score_detector";
const SITE_KEY = "sandbox-never";

/** How one client writes its requests. */
interface Wire {
  readonly client: string;
  readonly contentType: string | null;
  readonly headers?: (key: string) => Record<string, string>;
  readonly createTask: (key: string) => string;
  readonly getTaskResult: (key: string, taskId: number) => string;
  /** Where it polls, if not at /getTaskResult. */
  readonly resultPath?: string;
  readonly getBalance: (key: string) => string;
}

const indented = (value: unknown): string => JSON.stringify(value, null, 2);
/** Python's json.dumps puts a space after each colon and comma. */
const spaced = (value: unknown): string => JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");
/** PHP's json_encode escapes slashes. */
const escaped = (value: unknown): string => JSON.stringify(value).replaceAll("/", "\\/");

const TASK = { type: "RecaptchaV3TaskProxyless", websiteURL: PAGE, websiteKey: SITE_KEY, pageAction: "homepage" };

const WIRES: readonly Wire[] = [
  {
    client: "anticaptchaofficial for Node (axios)",
    contentType: "application/json; charset=utf-8",
    headers: () => ({ accept: "application/json", "user-agent": "axios/1.21.1" }),
    createTask: (clientKey) => JSON.stringify({ clientKey, task: { ...TASK, minScore: 0.3 }, softId: 12 }),
    getTaskResult: (clientKey, taskId) => JSON.stringify({ clientKey, taskId }),
    getBalance: (clientKey) => JSON.stringify({ clientKey }),
  },
  {
    client: "anticaptcha for Node, with the clientKey last",
    contentType: "application/json",
    createTask: (clientKey) =>
      JSON.stringify({ languagePool: "en", task: { isEnterprise: false, minScore: 0.3, ...TASK }, clientKey }),
    getTaskResult: (clientKey, taskId) => JSON.stringify({ taskId, clientKey }),
    getBalance: (clientKey) => JSON.stringify({ clientKey }),
  },
  {
    client: "python-anticaptcha, with a softId in getBalance",
    contentType: "application/json",
    createTask: (clientKey) =>
      spaced({ clientKey, task: { ...TASK, isEnterprise: false }, softId: 847, languagePool: "en" }),
    getTaskResult: (clientKey, taskId) => spaced({ clientKey, taskId }),
    getBalance: (clientKey) => spaced({ clientKey, softId: 847 }),
  },
  {
    client: "capsolver for Python, with the key as a bearer token too",
    contentType: "application/json",
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    createTask: (clientKey) => spaced({ clientKey, task: { ...TASK, type: "ReCaptchaV3TaskProxyLess" } }),
    getTaskResult: (clientKey, taskId) => spaced({ clientKey, taskId }),
    getBalance: (clientKey) => spaced({ clientKey }),
  },
  {
    client: "anticaptcha-php, with escaped slashes and a null softId",
    contentType: "application/json; charset=utf-8",
    createTask: (clientKey) => escaped({ clientKey, task: { ...TASK, minScore: 0.3 }, softId: null }),
    getTaskResult: (clientKey, taskId) => escaped({ clientKey, taskId }),
    getBalance: (clientKey) => escaped({ clientKey }),
  },
  {
    client: "capsolver-php, with JSON declared as a form",
    contentType: "application/x-www-form-urlencoded",
    createTask: (clientKey) =>
      escaped({ clientKey, appId: "8C9E51E4", task: { ...TASK, type: "ReCaptchaV3TaskProxyLess" } }),
    getTaskResult: (clientKey, taskId) => escaped({ taskId, clientKey }),
    getBalance: (clientKey) => escaped({ clientKey }),
  },
  {
    client: "anticaptcha-go, with an empty apiDomain",
    contentType: "application/json; charset=utf-8",
    createTask: (clientKey) =>
      JSON.stringify({ clientKey, softId: 1187, task: { apiDomain: "", isEnterprise: false, minScore: 0, ...TASK } }),
    getTaskResult: (clientKey, taskId) => JSON.stringify({ clientKey, taskId }),
    getBalance: (clientKey) => JSON.stringify({ clientKey }),
  },
  {
    client: "capmonstercloud-client-go, without a content type and with a trailing slash",
    contentType: null,
    headers: () => ({ useragent: "Zennolab.CapMonsterCloud.Client.Go/0.0.1" }),
    createTask: (clientKey) => JSON.stringify({ softId: 58, clientKey, task: { ...TASK, minScore: 0.5 } }),
    getTaskResult: (clientKey, taskId) => JSON.stringify({ clientKey, taskId }),
    resultPath: "/getTaskResult/",
    getBalance: (clientKey) => JSON.stringify({ clientKey }),
  },
  {
    client: "anti_captcha for Ruby, with a softId that is a string",
    contentType: "application/json",
    headers: () => ({ connection: "close" }),
    createTask: (clientKey) =>
      JSON.stringify({ languagePool: "en", softId: "859", task: { ...TASK, minScore: 0.3 }, clientKey }),
    getTaskResult: (clientKey, taskId) => JSON.stringify({ taskId, clientKey }),
    getBalance: (clientKey) => JSON.stringify({ clientKey }),
  },
  {
    client: "anticaptcha-csharp, with indented JSON",
    contentType: "application/json; charset=utf-8",
    createTask: (clientKey) => indented({ clientKey, softId: 12, task: { ...TASK, isEnterprise: false } }),
    getTaskResult: (clientKey, taskId) => indented({ clientKey, taskId }),
    getBalance: (clientKey) => indented({ clientKey }),
  },
  {
    client: "capmonstercloud-client-dotnet, with JSON declared as plain text",
    contentType: "text/plain; charset=utf-8",
    createTask: (clientKey) => JSON.stringify({ clientKey, task: { ...TASK, minScore: 0.5 }, softId: 53 }),
    getTaskResult: (clientKey, taskId) => JSON.stringify({ clientKey, taskId }),
    getBalance: (clientKey) => JSON.stringify({ clientKey }),
  },
  {
    client: "a client that begins its JSON with a byte order mark",
    contentType: "application/json",
    createTask: (clientKey) => `\uFEFF${JSON.stringify({ clientKey, task: TASK })}`,
    getTaskResult: (clientKey, taskId) => `\uFEFF${JSON.stringify({ clientKey, taskId })}`,
    getBalance: (clientKey) => `\uFEFF${JSON.stringify({ clientKey })}`,
  },
];

describe("The compatibility API", () => {
  it.each(WIRES)("accepts the requests of $client", async (wire) => {
    const { key } = await makeCaller();
    const send = async <T>(path: string, body: string): Promise<T> => {
      const headers = { ...wire.headers?.(key), "cf-connecting-ip": freshAddress() };
      const response = await call("POST", path, { body, contentType: wire.contentType, headers });
      expect(response.status).toBe(200);
      return response.json<T>();
    };
    expect(await send("/getBalance", wire.getBalance(key))).toStrictEqual({ errorId: 0, balance: 1_000_000 });
    const created = await send<{ taskId: number }>("/createTask", wire.createTask(key));
    expect(created).toStrictEqual({
      errorId: 0,
      errorCode: "",
      errorDescription: "",
      status: "idle",
      taskId: expect.any(Number),
    });
    expect(await send(wire.resultPath ?? "/getTaskResult", wire.getTaskResult(key, created.taskId))).toStrictEqual({
      errorId: 0,
      errorCode: null,
      errorDescription: null,
      status: "processing",
    });
  });

  it.each([
    "ReCaptchaV3Task",
    "RecaptchaV3EnterpriseTask",
    "ReCaptchaV3EnterpriseTaskProxyLess",
    "RecaptchaV2TaskProxyless",
    "NoCaptchaTask",
    "TurnstileTaskProxyless",
  ])("answers the task type %s with ERROR_TASK_NOT_SUPPORTED", async (type) => {
    const { key } = await makeCaller();
    const body = { clientKey: key, task: { ...TASK, type } };
    await expectCompatibilityError(await call("POST", "/createTask", { body }), "ERROR_TASK_NOT_SUPPORTED");
  });

  // Clients read an answer without an errorId, such as problem details, as success.
  it.each([
    "reportIncorrectImageCaptcha",
    "reportIncorrectHcaptcha",
    "reportIncorrectTokenCaptcha",
    "reportIncorrect",
    "reportCorrect",
    "pushAntiGateVariable",
    "feedbackTask",
  ])("answers %s with ERROR_NO_SUCH_METHOD", async (method) => {
    for (const path of [`/${method}`, `//${method}/`]) {
      const body = { clientKey: "any", taskId: 42 };
      await expectCompatibilityError(await call("POST", path, { body }), "ERROR_NO_SUCH_METHOD");
    }
    await expectCompatibilityError(await call("GET", `/${method}`), "ERROR_BAD_REQUEST");
  });
});
