// The second part of `npm run demo -- --listen`: `solvegate listen` forwards the event of a test task without a webhook to a local receiver.

import { listen } from "../../src/client/cli/listen.ts";
import { Solvegate, verifyWebhook } from "../../src/client/index.ts";
import type { WebhookReceiver } from "./webhook-receiver.ts";

/** The demo's gateway, and how to use it. */
export interface ListenDemo {
  readonly url: string;
  /** A test key. */
  readonly apiKey: string;
  /** The signing secret of test mode. */
  readonly secret: string;
  readonly receiver: WebhookReceiver;
  readonly report: (mark: string, text: string) => void;
  readonly signal: AbortSignal;
}

/** @throws Error if the receiver gets another event, or cannot verify it */
export async function demonstrateListen({ url, apiKey, secret, receiver, report, signal }: ListenDemo): Promise<void> {
  const stop = new AbortController();
  const connected = Promise.withResolvers<void>();
  const options = { url, apiKey, forwardTo: receiver.url, events: undefined, json: false };
  const note = (line: string) => {
    report("·", line);
    if (line.startsWith("Connected")) connected.resolve();
  };
  report("·", `solvegate listen --url ${url} --forward-to ${receiver.url}`);
  const output = { note, event: (line: string) => report("✓", line) };
  const listening = listen(options, "demo", output, AbortSignal.any([signal, stop.signal]));
  await Promise.race([connected.promise, listening]);
  const count = receiver.received.length + 1;
  const website = { websiteURL: "https://antcpt.com/score_detector", websiteKey: "sandbox-instant" };
  const { id } = await new Solvegate({ baseUrl: url, apiKey }).tasks.create({
    task: { ...website, pageAction: "demo" },
  });
  const { body, headers } = await receiver.nth(count);
  const event = await verifyWebhook({ body, headers, secret });
  if (event.type !== "task.ready" || event.data.id !== id) throw new Error(`the forwarded event is ${event.type}`);
  report("✓", "the local receiver got the event of a task without a webhook, with a valid signature");
  stop.abort();
  await listening;
}
