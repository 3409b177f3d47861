/**
 * `npm run test:crash [-- --seed N]`: a gateway under load is killed three times (`kill -9` of its whole process tree) at random
 * moments and started again on the same state and port; then every task that was accepted is held against what was promised.
 * The upstream, the webhook receiver and the caller live in this process, which is not killed. It ends only what it started.
 */
import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { timelineSchema } from "../src/schemas/tasks.ts";
import { CrashCaller } from "./support/crash-caller.ts";
import { type Check, judge, leastPollGap } from "./support/crash-checks.ts";
import { CrashClient } from "./support/crash-client.ts";
import {
  checkErased,
  checkExpired,
  checkLedger,
  checkLogs,
  expiryOf,
  tellRemains,
  warningsIn,
} from "./support/crash-completion.ts";
import { type Case, caseOf, idOf, nameIn, type Outage, phasesAt, tellStory } from "./support/crash-evidence.ts";
import { type PlannedTask, planOf, type Randomness, seeded } from "./support/crash-plan.ts";
import { KillableGateway } from "./support/killable-gateway.ts";
import { type SandboxRequest, startSandbox } from "./support/sandbox-server.ts";
import { type ReceivedWebhook, startReceiver, type WebhookReceiver } from "./support/webhook-receiver.ts";

const KILLS = 3;

/** Live tasks that may be with upstream at once: far fewer than are submitted, so that many wait. */
const MAX_IN_FLIGHT = 18;

/** A kill comes this long (ms) after the first tasks were submitted, or the gateway was up again. */
const KILL_AFTER_MS = [200, 9_000] as const;

/** The whole run may take this long (ms). */
const RUN_MS = 178_000;

/** What comes after the last expiry that is waited for takes less than this (ms). */
const CLOSING_MS = 12_000;

/** A solution's erasing is looked for this long (ms) after its expiry. */
const AFTER_EXPIRY_MS = 2_500;

/** Faults shown of each rule. */
const MAX_SHOWN = 12;

const startedAt = Date.now();

function say(text: string): void {
  console.log(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
}

function readSeed(): number {
  const { values } = parseArgs({ options: { seed: { type: "string", default: String(randomInt(1_000_000)) } } });
  if (!/^\d{1,9}$/.test(values.seed)) throw new Error(`--seed takes a whole number, not "${values.seed}"`);
  return Number(values.seed);
}

/** A tenant with few slots, and a live key that may do all. */
async function makeTenant(admin: CrashClient): Promise<{ key: string; webhookSecret: string }> {
  const tenant = { id: "crash", name: "Crash", allowedHosts: ["antcpt.com"], limits: { maxInFlight: MAX_IN_FLIGHT } };
  const { webhookSecrets } = z
    .object({ webhookSecrets: z.object({ live: z.string() }) })
    .parse(await admin.demand("POST", "/admin/tenants", { body: tenant }));
  const scopes = ["tasks:write", "tasks:read", "account:read", "account:write"];
  const body = { name: "Crash", mode: "live", scopes };
  const { key } = z
    .object({ key: z.string() })
    .parse(await admin.demand("POST", "/admin/tenants/crash/keys", { body }));
  return { key, webhookSecret: webhookSecrets.live };
}

/** Kills the gateway and starts it again, so many times, while the caller goes on. */
async function killAndRestart(gateway: KillableGateway, caller: CrashCaller, random: Randomness): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await delay(random.between(...KILL_AFTER_MS));
    await caller.brink();
    const { killedAt, upAt } = await gateway.killAndRestart();
    say(`kill ${kill}: away for ${((upAt - killedAt) / 1_000).toFixed(1)} s`);
  }
}

/** Waits until every task's webhook was taken and nothing is under way; gives up where that would end too late. */
async function untilEnded(caller: CrashCaller, deadlineAt: number): Promise<void> {
  caller.finish();
  while (Date.now() < deadlineAt) {
    if (caller.missing.length === 0 && caller.idle) return say("every task has ended, and its webhook was taken");
    await delay(200);
  }
  say(`given up: ${caller.missing.length} tasks without a webhook that was taken, ${caller.missing.slice(0, 5)}`);
}

/** A receiver that refuses each task's first webhooks, as often as the plan has it. */
function startRejectingReceiver(plan: readonly PlannedTask[]): Promise<WebhookReceiver> {
  const rejections = new Map(plan.map(({ name, rejections: count }) => [name, count]));
  return startReceiver((_count, body) => {
    const name = nameIn(body) ?? "";
    const left = rejections.get(name) ?? 0;
    rejections.set(name, left - 1);
    return left > 0 ? 503 : 204;
  });
}

/** Reads every task that was accepted, once more submitted and claimed before, and puts together all that is known of it. */
async function gather(
  client: CrashClient,
  caller: CrashCaller,
  seen: { readonly requests: readonly SandboxRequest[]; readonly received: readonly ReceivedWebhook[] },
): Promise<Case[]> {
  const stories = [...caller.stories.values()].filter(({ ids }) => ids.size > 0);
  const cases: Case[] = [];
  for (const story of stories) {
    await caller.repeat(story);
    const id = idOf(story);
    const task = await client.read(id);
    const { events } = timelineSchema.parse(await client.demand("GET", `/v1/tasks/${id}/events`));
    cases.push(caseOf(story, task, events, seen));
  }
  return cases;
}

/** Tells what the kills met with. */
function tell(cases: readonly Case[], outages: readonly Outage[]): void {
  for (const [index, { killedAt }] of outages.entries()) {
    const phases = [...phasesAt(cases, killedAt)].sort(([, a], [, b]) => b - a);
    say(`at kill ${index + 1}: ${phases.map(([phase, count]) => `${count} ${phase}`).join(", ")}`);
  }
  const lost = cases.filter(({ unanswered }) => unanswered > 0).length;
  const hidden = cases.filter(({ events }) => events.some(({ type }) => type === "submission_hidden")).length;
  say(`${lost} tasks were submitted again for want of an answer; ${hidden} had an unknown outcome upstream`);
  say(`the least gap between an answer and the next poll: ${leastPollGap(cases)} ms`);
}

/** Waits for solutions to expire, as long as there is time. */
async function untilExpired(cases: readonly Case[], deadlineAt: number): Promise<void> {
  const expiries = cases.map(expiryOf).filter((at) => at !== null);
  const last = Math.max(0, ...expiries.filter((at) => at < deadlineAt));
  const left = Math.max(0, last + AFTER_EXPIRY_MS - Date.now());
  say(`waiting ${(left / 1_000).toFixed(0)} s for solutions to expire`);
  await delay(left);
}

/** Runs it all; the checks and the number of tasks. */
async function crash(seed: number, cleanups: (() => unknown)[]): Promise<{ checks: Check[]; tasks: number }> {
  const plan = planOf(seed, KILLS);
  const upstream = await startSandbox(0);
  cleanups.push(() => upstream.close());
  const receiver = await startRejectingReceiver(plan);
  cleanups.push(() => receiver.close());
  const state = mkdtempSync(join(tmpdir(), "solvegate-crash-"));
  cleanups.push(() => rmSync(state, { recursive: true, force: true }));
  const vars = {
    ADMIN_TOKEN: randomBytes(24).toString("hex"),
    UPSTREAM_URL: upstream.url,
    UPSTREAM_CLIENT_KEY: "crash-operator-key",
    ALLOW_PRIVATE_WEBHOOKS: "true",
  };
  const gateway = new KillableGateway({ persistTo: state, vars });
  cleanups.push(() => gateway.end("kill"));
  await gateway.start();
  const { key, webhookSecret } = await makeTenant(new CrashClient(gateway.url, vars.ADMIN_TOKEN));
  const client = new CrashClient(gateway.url, key);
  cleanups.push(() => client.stop());
  await client.demand("PUT", "/v1/webhook", { body: { url: receiver.url } });

  const faults: string[] = [];
  const caller = new CrashCaller(plan, client, receiver, seeded(seed + 2), (error) => faults.push(String(error)));
  await caller.submitFirst();
  caller.submitBetween();
  say(`up, ${plan.length} tasks planned, the first of them accepted`);
  await killAndRestart(gateway, caller, seeded(seed + 1));
  await untilEnded(caller, startedAt + RUN_MS - CLOSING_MS);

  const { outages } = gateway;
  const cases = await gather(client, caller, { requests: upstream.requests, received: receiver.received });
  tell(cases, outages);
  const checks = judge(cases, outages, webhookSecret);
  checks.push(await checkLedger(client, cases));
  await untilExpired(cases, startedAt + RUN_MS - CLOSING_MS);
  // Half of them: of the others the alarm alone must have erased the solution, for a read would do it too.
  const half = cases.filter((_one, index) => index % 2 === 0);
  checks.push(await checkExpired(client, half));
  const { outputs } = gateway;
  const stoppedAt = Date.now();
  await gateway.end("stop");
  say(tellRemains(state, cases, stoppedAt));
  checks.push(checkErased(state, cases, stoppedAt));
  checks.push(checkLogs(outputs, client.faults));
  say(`warnings in the log: ${warningsIn(outputs)}`);
  checks.push({ rule: "the caller did all that it wanted to", looked: plan.length, faults });
  for (const one of cases) {
    const broken = checks.some((check) => check.faults.some((fault) => fault.startsWith(`${one.planned.name} `)));
    if (broken) console.log(`\n${one.planned.name}: ${tellStory(one, outages)}`);
  }
  return { checks, tasks: cases.length };
}

function print(checks: readonly Check[]): void {
  console.log(`\n${"rule".padEnd(56)}${"looked at".padStart(10)}${"faults".padStart(8)}`);
  for (const { rule, looked, faults } of checks) {
    console.log(`${rule.padEnd(56)}${String(looked).padStart(10)}${String(faults.length).padStart(8)}`);
  }
  for (const { rule, faults } of checks) {
    if (faults.length > 0) console.log(["", `✗ ${rule}:`, ...faults.slice(0, MAX_SHOWN)].join("\n  "));
  }
}

async function cleanUp(cleanups: (() => unknown)[]): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

async function main(seed: number): Promise<string> {
  const cleanups: (() => unknown)[] = [];
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cleanUp(cleanups).finally(() => process.exit(1)));
  }
  const tooLong = delay(RUN_MS, null, { ref: false }).then(() => Promise.reject(new Error(`not done in ${RUN_MS} ms`)));
  try {
    const { checks, tasks } = await Promise.race([crash(seed, cleanups), tooLong]);
    print(checks);
    const broken = checks.filter(({ faults }) => faults.length > 0).length;
    const figures = `seed=${seed} tasks=${tasks} kills=${KILLS}`;
    return broken === 0 ? `CRASH OK ${figures}` : `CRASH FAILED ${figures} broken=${broken}`;
  } catch (error) {
    return `CRASH FAILED seed=${seed} ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await cleanUp(cleanups);
  }
}

try {
  const seed = readSeed();
  console.log(`seed ${seed}`);
  const outcome = await main(seed);
  console.log(`\n${outcome}`);
  process.exit(outcome.startsWith("CRASH OK") ? 0 : 1);
} catch (error) {
  console.error(`crash: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
