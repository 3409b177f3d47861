// `solvegate listen` and `solvegate.events()` of the installed package, run with the system's Node against a fake gateway.

import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, type ExpectStatic, expect, it, type TestContext } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { parseCommandLine } from "../../src/client/cli/options.ts";
import { verifyWebhook } from "../../src/client/index.ts";
import { type FakeStream, STREAM_KEY, STREAM_SECRET, startFakeStream } from "./fake-stream.ts";
import { type Command, type InstalledClient, installClient, SYSTEM_NODE } from "./installed-client.ts";
import { listening } from "./listening.ts";

let installed: InstalledClient;

beforeAll(async () => {
  installed = await installClient();
});
afterAll(() => installed.remove());

interface Setup {
  readonly gateway: FakeStream;
  readonly receiver: WebhookReceiver;
  /** Starts `solvegate listen` with the gateway's URL and key in its environment. */
  listen(...args: string[]): Command;
  /** Polls what a command printed. */
  until(look: () => string): ReturnType<ExpectStatic["poll"]>;
}

/** A fake gateway and a receiver for one test. Tests run at the same time. */
async function setUp({ onTestFinished, expect }: TestContext, scopes?: string[]): Promise<Setup> {
  const gateway = await startFakeStream(scopes);
  const receiver = await startReceiver();
  const commands: Command[] = [];
  onTestFinished(async () => {
    for (const { child } of commands) child.kill("SIGKILL");
    await gateway.close();
    await receiver.close();
  });
  const listen = (...args: string[]) => {
    const env = { SOLVEGATE_URL: gateway.url, SOLVEGATE_API_KEY: STREAM_KEY };
    const command = installed.solvegate(["listen", ...args], env);
    commands.push(command);
    return command;
  };
  return { gateway, receiver, listen, until: (look) => expect.poll(look, { timeout: 20_000 }) };
}

describe("the command line of solvegate", () => {
  const ENV = { SOLVEGATE_URL: "http://gateway.test", SOLVEGATE_API_KEY: STREAM_KEY };

  it.each<[string, string[], RegExp, Record<string, string>?]>([
    ["no command", [], /^a command is missing/],
    ["an unknown command", ["lisen"], /^there is no command "lisen"/],
    ["an unknown option", ["listen", "--forward", "http://localhost:1/"], /'--forward'/],
    ["an option without its value", ["listen", "--forward-to"], /'--forward-to/],
    ["an option instead of a value", ["listen", "--forward-to", "--json"], /'--forward-to/],
    ["no gateway", ["listen"], /^--url or SOLVEGATE_URL is missing/, { SOLVEGATE_API_KEY: STREAM_KEY }],
    ["no key", ["listen"], /^--api-key or SOLVEGATE_API_KEY is missing/, { SOLVEGATE_URL: "http://gateway.test" }],
    [
      "a key with another prefix",
      ["listen", "--api-key", "sk-1234"],
      /^the API key must begin with sg_live_ or sg_test_$/,
    ],
    ["a gateway that is not a URL", ["listen", "--url", "gateway"], /^--url must be an http/],
    ["a receiver that is not a URL", ["listen", "--forward-to", "localhost:3000"], /^--forward-to must be an http/],
    ["a receiver with credentials", ["listen", "--forward-to", "http://a:b@c.test"], /must not contain credentials$/],
    ["an unknown event", ["listen", "--events", "task.done"], /^--events must be some of task\.ready/],
    ["a receiver without its option", ["listen", "http://localhost:3000/"], /--forward-to/],
  ])("is rejected with one line for %s", (_what, args, message, env = ENV) => {
    const commandLine = parseCommandLine(args, env);
    if (commandLine.tag !== "invalid") throw new Error(`it is ${commandLine.tag}`);
    expect(commandLine.message).toMatch(message);
    expect(commandLine.message).not.toContain("\n");
  });

  it("uses an option instead of the environment variable when both are set", () => {
    const args = [
      "listen",
      "--url",
      "https://other.test",
      "--api-key",
      "sg_live_a",
      "--events",
      "task.ready, task.failed",
    ];
    expect(parseCommandLine(args, ENV)).toEqual({
      tag: "listen",
      options: {
        url: "https://other.test/",
        apiKey: "sg_live_a",
        forwardTo: null,
        events: ["task.ready", "task.failed"],
        json: false,
      },
    });
  });

  it("exits with 2 and one line on stderr when it is invalid", async () => {
    const { output, exit } = installed.solvegate(["listen", "--forward-to"]);
    expect(await exit).toBe(2);
    expect(output.stderr).toMatch(/^solvegate: .*--forward-to.*\n$/);
    expect(output.stdout).toBe("");
  });

  it.each(["--help", "--version"])("exits with 0 and prints the text of %s", async (option) => {
    const { output, exit } = installed.solvegate([option]);
    expect(await exit).toBe(0);
    expect(output.stdout).toMatch(option === "--help" ? /solvegate listen --url URL/ : /^\d+\.\d+\.\d+\n$/);
  });
});

describe.concurrent("solvegate listen", () => {
  it("forwards the events in order with their exact bytes and signatures, and exits with 0 on Ctrl-C", async (context) => {
    const { gateway, receiver, listen, until } = await setUp(context);
    const { child, output, exit } = listen("--forward-to", receiver.url);
    await gateway.opened(1);
    const bodies = ["msg_1", "msg_2", "msg_3"].map((id, index) =>
      gateway.send(id, index === 1 ? "task.failed" : "task.ready"),
    );
    await receiver.nth(3);
    expect(receiver.received.map(({ body }) => body)).toEqual(bodies);
    for (const { body, headers } of receiver.received) {
      expect(headers["content-type"]).toBe("application/json");
      await expect(verifyWebhook({ body, headers, secret: STREAM_SECRET })).resolves.toBeDefined();
    }
    await until(() => output.stdout).toMatch(/task\.failed +tsk_\w+ +\w+ +-> 204 \(\d+ ms\)/);
    await until(() => output.stdout).toMatch(/(task\.\w+ [\s\S]*){3}/);
    child.kill("SIGINT");
    expect(await exit).toBe(0);
    expect(output.stdout).toContain(`Signing secret: ${STREAM_SECRET}`);
    expect(output.stdout).toContain(`Forwarding to ${receiver.url}`);
    expect(output.stdout + output.stderr).not.toContain(STREAM_KEY);
    expect(output.stderr).toBe("");
  });

  it("reconnects with since, and forwards an event that is sent again only once", async (context) => {
    const { gateway, receiver, listen } = await setUp(context);
    const { output } = listen("--forward-to", receiver.url, "--events", "task.ready,task.failed");
    await gateway.opened(1);
    gateway.send("msg_1");
    await receiver.nth(1);
    gateway.drop();
    await gateway.opened(2);
    gateway.send("msg_1");
    gateway.send("msg_2");
    await receiver.nth(2);
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual(["msg_1", "msg_2"]);
    expect(gateway.upgrades.map((query) => query.get("events"))).toEqual(Array(2).fill("task.ready,task.failed"));
    expect(gateway.upgrades[0]?.has("since")).toBe(false);
    expect(Date.parse(gateway.upgrades[1]?.get("since") ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect(output.stdout).toContain("Connection lost");
  });

  it("prints that the receiver redirects, fails, hangs or is down, and continues", async (context) => {
    const { gateway, listen, until } = await setUp(context);
    const seen: string[] = [];
    const server: Server = createServer((request, response) => {
      seen.push(request.url ?? "");
      if (seen.length === 1) response.writeHead(302, { location: "/elsewhere" }).end();
      if (seen.length === 2) response.writeHead(500).end("no");
      // The third request gets no response. Meanwhile the fourth gets a normal one.
      if (seen.length === 4) response.writeHead(204).end();
    });
    const url = await listening(server);
    const { output } = listen("--forward-to", `${url}/hook`);
    await gateway.opened(1);
    for (const id of ["msg_1", "msg_2", "msg_3", "msg_4"]) gateway.send(id);
    await until(() => output.stdout).toMatch(/-> 302, a redirect.*\n[\s\S]*-> 500, not a 2xx.*\n[\s\S]*-> 204 \(/);
    await until(() => output.stdout).toMatch(/-> no response in 10 s/);
    expect(seen).toEqual(["/hook", "/hook", "/hook", "/hook"]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    gateway.send("msg_5");
    await until(() => output.stdout).toMatch(/-> no response: .*ECONNREFUSED/);
  });

  it("prints one line of JSON for each event with --json, and everything else to stderr", async (context) => {
    const { gateway, listen, until } = await setUp(context);
    const { child, output, exit } = listen("--json");
    await gateway.opened(1);
    const body = gateway.send("msg_1");
    await until(() => output.stdout).toContain("\n");
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    const { data, ...rest } = JSON.parse(body);
    expect(JSON.parse(output.stdout)).toEqual({
      id: "msg_1",
      type: "task.ready",
      taskId: data.id,
      forwarded: null,
      event: { ...rest, data },
    });
    expect(output.stderr).toContain("Connected");
  });

  it("does not request the secret with a key that lacks account:write", async (context) => {
    const { gateway, listen, until } = await setUp(context, ["tasks:read"]);
    const { output } = listen();
    await gateway.opened(1);
    await until(() => output.stdout).toContain("lacks the scope account:write");
    expect(gateway.requests).toEqual(["GET /v1/keys/current"]);
  });

  it.for([
    [401, "unauthenticated"],
    [403, "insufficient_scope"],
    [429, "rate_limited"],
    [400, "invalid_request"],
  ] as const)("exits with 1 and one line when the connection is rejected with %d", async ([status, code], context) => {
    const { gateway, listen } = await setUp(context);
    gateway.reject(status, code);
    const { output, exit } = listen();
    expect(await exit).toBe(1);
    expect(output.stderr).toBe(`solvegate: ${code}: It is ${code}.\n`);
  });

  it("exits with 1 and one line that does not contain the key when the key is wrong", async (context) => {
    const { gateway } = await setUp(context);
    const wrong = { SOLVEGATE_URL: gateway.url, SOLVEGATE_API_KEY: "sg_test_acme_wrong" };
    const { output, exit } = installed.solvegate(["listen"], wrong);
    expect(await exit).toBe(1);
    expect(output.stderr).toBe("solvegate: unauthenticated: It is unauthenticated.\n");
  });

  it("reconnects until the gateway is back, and exits when the key was revoked meanwhile", async (context) => {
    const { gateway, listen, until } = await setUp(context);
    const { output, exit } = listen();
    await gateway.opened(1);
    gateway.reject(503, "overloaded");
    gateway.drop();
    await until(() => output.stdout).toMatch(/(Connection lost[\s\S]*){2}/);
    gateway.reject(401, "unauthenticated");
    expect(await exit).toBe(1);
  });
});

describe.concurrent("events() of the installed package", () => {
  const NODES = [
    ["the system's Node", SYSTEM_NODE],
    ["a Node with WebSocket", process.execPath],
  ] as const;
  const SCRIPT = `
    import { Solvegate } from "solvegate/client";
    const solvegate = new Solvegate({ baseUrl: process.env.GATEWAY, apiKey: process.env.KEY });
    const stop = new AbortController();
    const kind = globalThis.WebSocket === undefined ? "package" : "platform";
    for await (const event of solvegate.events({ signal: stop.signal })) {
      console.log(kind, event.type, event.id, event.data.status);
      stop.abort();
    }
    console.log("ended");`;

  // Written once: the tests run at the same time, and one would truncate the file while another reads it.
  beforeAll(() => installed.write({ "events.mjs": SCRIPT }));

  it.for(NODES)("yields an event, and ends when its signal aborts: %s", async ([, command], context) => {
    const { gateway } = await setUp(context);
    const running = installed.run(command, ["events.mjs"], { GATEWAY: gateway.url, KEY: STREAM_KEY });
    await gateway.opened(1);
    gateway.send("msg_1");
    expect(await running).toMatch(/^(package|platform) task\.ready msg_1 ready\nended\n$/);
  });

  it.for(NODES)("throws the gateway's error for a wrong key: %s", async ([, command], context) => {
    const { gateway } = await setUp(context);
    const running = installed.run(command, ["events.mjs"], { GATEWAY: gateway.url, KEY: "sg_test_acme_wrong" });
    await expect(running).rejects.toThrow(/SolvegateError: unauthenticated/);
    await expect(running).rejects.not.toThrow(/sg_test_acme_wrong/);
  });
});
