// The published package: packed, installed into an empty folder, and used there by Node, by the compiler and in a Worker.

import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver } from "../../scripts/support/webhook-receiver.ts";
import { Solvegate, verifyWebhook } from "../../src/client/index.ts";
import { type InstalledClient, installClient, SYSTEM_NODE } from "./installed-client.ts";
import type { Stage } from "./support.ts";
import { createKey, createTenant, EXAMPLE_TASK, setStage } from "./support.ts";

/** The part of miniflare that is used here. It is a dependency of wrangler and resolved from there. */
interface MiniflareModule {
  readonly Miniflare: new (
    options: unknown,
  ) => { dispatchFetch(url: string): Promise<{ status: number; text(): Promise<string> }>; dispose(): Promise<void> };
  convertV4MiniflareOptions(options: Readonly<Record<string, unknown>>): unknown;
}

const requireHere = createRequire(import.meta.url);
const WRANGLER = requireHere.resolve("wrangler/package.json");
const bin = (manifest: string, name: string) => join(dirname(manifest), "bin", name);

let installed: InstalledClient;
let stage: Stage;
let environment: { GATEWAY: string; KEY: string };
let secret: string;

const node = (...args: string[]) => installed.run(process.execPath, args, environment);

beforeAll(async () => {
  installed = await installClient();
  stage = await setStage();
  secret = (await createTenant(stage.gateway(), "acme")).webhookSecrets.test;
  environment = { GATEWAY: stage.gateway().url, KEY: await keyWith("account:write", "tasks:read", "tasks:write") };
});

afterAll(async () => {
  installed.killCommands();
  await stage.close();
  installed.remove();
});

/** A new test key with these scopes. */
const keyWith = (...scopes: string[]) => createKey(stage.gateway(), "acme", "test", scopes);

const SOLVE = `{ websiteURL: "https://antcpt.com/score_detector", websiteKey: "sandbox-instant", pageAction: "homepage" }`;

it("the package installs without a warning, with ws, standardwebhooks and their dependencies only", () => {
  expect(installed.installOutput).not.toMatch(/warn/i);
  const files = readdirSync(join(installed.folder, "node_modules"), { recursive: true, encoding: "utf8" });
  const packages = files.filter((path) => /(^|node_modules\/)[^/]*(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
  expect(packages.map((path) => dirname(path)).sort()).toEqual([
    "@stablelib/base64",
    "fast-sha256",
    "solvegate",
    "standardwebhooks",
    "ws",
  ]);
  for (const path of files.filter((one) => /^solvegate\/.*\.\w+$/.test(one)))
    expect(path).toMatch(
      /^solvegate\/(package\.json|README\.md|dist\/cli\.js|dist\/(client\/(cli\/)?[\w.-]+|poll-interval|tasks\/status)(\.d\.ts|\.js))$/,
    );
});

it.each([
  ["the system's Node", SYSTEM_NODE],
  ["the project's Node", process.execPath],
])("the package solves a task in %s", async (_which, command) => {
  installed.write({
    "solve.mjs": `
      import { Solvegate } from "solvegate/client";
      const solvegate = new Solvegate({ baseUrl: process.env.GATEWAY, apiKey: process.env.KEY });
      const task = await solvegate.solve(${SOLVE});
      console.log(task.solution.gRecaptchaResponse);`,
  });
  expect(await installed.run(command, ["solve.mjs"], environment)).toMatch(/^sandbox\./);
});

describe("the package's types compile with", () => {
  const USE = `
    import { Solvegate, SolvegateError, verifyWebhook, type Task } from "solvegate/client";
    import { SolvegateAdmin } from "solvegate/client/admin";

    const solvegate = new Solvegate({ baseUrl: "https://gateway.example", apiKey: "sg_test_x", fetch });
    export async function use(signal: AbortSignal, request: Request): Promise<string> {
      const onProgress = (task: Task) => console.log(task.status, task.polls);
      try {
        const task = await solvegate.solve(${SOLVE}, { timeoutSeconds: 90, signal, onProgress });
        const token: string = task.solution.gRecaptchaResponse;
        // @ts-expect-error: there is no such field
        task.token;
        for await (const { id } of solvegate.tasks.list({ status: "failed" })) await solvegate.tasks.events(id);
        return token;
      } catch (error) {
        if (error instanceof SolvegateError && error.code === "timeout") return error.task?.id ?? error.requestId ?? "";
        throw error;
      }
    }
    // @ts-expect-error: a task has a site key
    solvegate.solve({ websiteURL: "https://a.example", pageAction: "home" });
    // @ts-expect-error: there is no such status
    solvegate.tasks.list({ status: "solved" });

    export async function follow(signal: AbortSignal): Promise<string> {
      for await (const event of solvegate.events({ signal, events: ["task.ready"], since: new Date() })) {
        if (event.type === "task.failed") return event.data.error.code;
        await verifyWebhook({ ...event, secret: "whsec_x" });
      }
      return "";
    }
    export async function administer(): Promise<number> {
      const admin = new SolvegateAdmin({ baseUrl: "https://gateway.example", adminToken: "token" });
      const { id } = await admin.tenants.create({ id: "acme", name: "Acme", allowedHosts: ["shop.example"] });
      return (await admin.keys.list(id)).length;
    }

    export async function receive(request: Request): Promise<string> {
      const event = await verifyWebhook({ body: await request.text(), headers: request.headers, secret: ["whsec_x"] });
      switch (event.type) {
        case "task.ready":
          // @ts-expect-error: a late webhook has no solution
          event.data.solution.gRecaptchaResponse;
          return event.data.solution?.gRecaptchaResponse ?? event.data.solutionState;
        case "task.failed":
          return event.data.error.code;
        case "task.canceled":
          return event.data.finishedAt ?? "";
        case "webhook.test":
          return event.data.tenantId;
      }
    }`;

  const COMPILER = bin(requireHere.resolve("typescript/package.json"), "tsc");
  const compile = (...args: string[]) => installed.run(process.execPath, [COMPILER, ...args]);

  /** Compiles the file above with the project's own compiler; resolves with its messages. */
  async function check(compilerOptions: object): Promise<string> {
    const strict = { target: "ES2022", module: "NodeNext", strict: true, noEmit: true, skipLibCheck: false };
    const options = { ...strict, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, ...compilerOptions };
    installed.write({
      "use.ts": USE,
      "tsconfig.json": JSON.stringify({ compilerOptions: options, files: ["use.ts"] }),
    });
    return compile("-p", ".");
  }

  it("the settings of tsc --init", async () => {
    installed.write({ "plain/package.json": JSON.stringify({ type: "module" }), "plain/use.ts": USE });
    await installed.run("bash", ["-c", `cd plain && '${process.execPath}' '${COMPILER}' --init`]);
    await expect(compile("-p", "plain", "--noEmit")).resolves.toBe("");
  });

  it("the module resolution of Node 16", async () => {
    await expect(check({ module: "Node16", lib: ["ES2022", "DOM"], types: [] })).resolves.toBe("");
  });

  it("a browser's types and no types of other packages", async () => {
    await expect(check({ lib: ["ES2022", "DOM"], types: [] })).resolves.toBe("");
  });

  it("the module resolution of a bundler", async () => {
    const bundler = { module: "ESNext", moduleResolution: "bundler" };
    await expect(check({ ...bundler, lib: ["ES2022", "DOM"], types: [] })).resolves.toBe("");
  });

  it.each([
    ["Node's types", "@types/node", "node"],
    ["a Worker's types", "@cloudflare/workers-types", "@cloudflare/workers-types"],
  ])("%s", async (_whose, name, type) => {
    const home = join(installed.folder, "node_modules", name);
    mkdirSync(dirname(home), { recursive: true });
    symlinkSync(dirname(requireHere.resolve(`${name}/package.json`)), home);
    await expect(check({ lib: ["ES2023"], types: [type], skipLibCheck: true })).resolves.toBe("");
    rmSync(home);
  });
});

describe("the package in a Worker", () => {
  /** Bundles a Worker as for a deployment. */
  async function bundle(name: string, source: string): Promise<string> {
    const config = { name, main: `${name}.js`, compatibility_date: "2026-10-20" };
    installed.write({ [`${name}.js`]: source, [`${name}.json`]: JSON.stringify(config) });
    await node(bin(WRANGLER, "wrangler.js"), "deploy", "--dry-run", "-c", `${name}.json`, "--outdir", `out-${name}`);
    return readFileSync(join(installed.folder, `out-${name}`, `${name}.js`), "utf8");
  }

  const SOLVER = `
    import { Solvegate } from "solvegate/client";
    export default {
      async fetch(request, env) {
        const solvegate = new Solvegate({ baseUrl: env.GATEWAY, apiKey: env.KEY });
        const task = await solvegate.solve(${SOLVE}, { signal: request.signal });
        return new Response(task.solution.gRecaptchaResponse);
      },
    };`;
  const RECEIVER = `
    import { verifyWebhook } from "solvegate/client";
    export default {
      async fetch(request, env) {
        const event = await verifyWebhook({ body: await request.text(), headers: request.headers, secret: env.SECRET });
        return new Response(event.type);
      },
    };`;

  it("adds the verification of webhooks only to bundles that use it", async () => {
    const [solver, receiver] = [await bundle("solver", SOLVER), await bundle("receiver", RECEIVER)];
    for (const part of ["standardwebhooks", "fast-sha256", "timingSafeEqual", "webhook_not_verified", "/admin/"]) {
      expect(solver).not.toContain(part);
    }
    expect(receiver).toContain("timingSafeEqual");
    expect(receiver).not.toContain("idempotency-key");
  });

  it("solves a task in workerd", async () => {
    const contents = await bundle("solver", SOLVER);
    const { Miniflare, convertV4MiniflareOptions } = createRequire(WRANGLER)("miniflare") as MiniflareModule;
    const worker = new Miniflare(
      convertV4MiniflareOptions({
        name: "runner",
        rootPath: installed.folder,
        modules: [{ type: "ESModule", path: "runner.js", contents }],
        compatibilityDate: "2026-10-20",
        bindings: environment,
        cf: false,
        telemetry: { enabled: false },
      }),
    );
    try {
      const answer = await worker.dispatchFetch("http://runner.test/");
      expect(await answer.text()).toMatch(/^sandbox\./);
      expect(answer.status).toBe(200);
    } finally {
      await worker.dispose();
    }
  });
});

/** Creates a test task that the sandbox solves after `ms`; resolves with its id. */
async function create(solvegate: Solvegate, ms: number): Promise<string> {
  const websiteKey = ms === 0 ? "sandbox-instant" : `sandbox-delay-${ms}`;
  return (await solvegate.tasks.create({ task: { ...EXAMPLE_TASK, websiteKey } })).id;
}

describe("the package with a real gateway", () => {
  it("forwards every event to the receiver with `listen`, and solves, although the gateway crashes", async () => {
    const receiver = await startReceiver();
    const solvegate = new Solvegate({ baseUrl: environment.GATEWAY, apiKey: environment.KEY });
    const env = { SOLVEGATE_URL: environment.GATEWAY, SOLVEGATE_API_KEY: environment.KEY };
    const { child, output, exit } = installed.solvegate(["listen", "--forward-to", receiver.url], env);
    await expect.poll(() => output.stdout, { timeout: 20_000 }).toContain("Connected");
    expect(output.stdout).toContain(`Signing secret: ${secret}`);

    const ids = [await create(solvegate, 0), await create(solvegate, 0)];
    await receiver.nth(2);
    // Some tasks become final while there is no connection.
    ids.push(await create(solvegate, 1_000), await create(solvegate, 5_000));
    let crash: Promise<void> | undefined;
    const solved = await solvegate.solve(
      { ...EXAMPLE_TASK, websiteKey: "sandbox-delay-2000" },
      {
        onProgress: () => {
          crash ??= stage.killAndRestart();
        },
      },
    );
    await crash;
    ids.push(solved.id, await create(solvegate, 0));

    const received = async () => {
      const events = await Promise.all(
        receiver.received.map(({ body, headers }) => verifyWebhook({ body, headers, secret })),
      );
      return events.map((event) => (event.type === "task.ready" ? event.data.id : event.type)).sort();
    };
    await expect.poll(received, { timeout: 40_000, interval: 200 }).toEqual([...ids].sort());
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(ids.length);

    child.kill("SIGINT");
    expect(await exit).toBe(0);
    expect(output.stdout + output.stderr).not.toContain(environment.KEY);
    await receiver.close();
  });

  it("throws from events() for a key without the scope tasks:read, and for a wrong key", async () => {
    const baseUrl = environment.GATEWAY;
    const narrow = new Solvegate({ baseUrl, apiKey: await keyWith("tasks:write") });
    await expect(narrow.events().next()).rejects.toMatchObject({ code: "insufficient_scope", status: 403 });
    const wrong = new Solvegate({ baseUrl, apiKey: `${environment.KEY.slice(0, -1)}0` });
    await expect(wrong.events().next()).rejects.toMatchObject({ code: "unauthenticated", status: 401 });
  });
});
