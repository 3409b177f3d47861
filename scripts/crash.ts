// `npm run test:crash [-- --seed N]`: kills a gateway under load three times (`kill -9` of its whole process tree) at random times, starts
// it again on the same state and port, and checks every accepted task. The upstream, the webhook receiver and the caller run in this
// process, which is not killed.

import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { timelineSchema } from "../src/schemas/tasks.ts";
import { CrashCaller } from "./support/crash-caller.ts";
import { type Check, checkAll, minPollGap } from "./support/crash-checks.ts";
import { CrashClient } from "./support/crash-client.ts";
import {
  checkErased,
  checkExpired,
  checkLedger,
  checkLogs,
  expiryOf,
  remainsText,
  warningsIn,
} from "./support/crash-completion.ts";
import { type Case, caseOf, idOf, nameIn, type Outage, phasesAt, timelineText } from "./support/crash-evidence.ts";
import { type PlannedTask, planOf, type Randomness, seeded } from "./support/crash-plan.ts";
import { KillableGateway } from "./support/killable-gateway.ts";
import { type SandboxRequest, startSandbox } from "./support/sandbox-server.ts";
import { type ReceivedWebhook, startReceiver, type WebhookReceiver } from "./support/webhook-receiver.ts";

const KILLS = 3;

/** Live tasks in flight. Far more are submitted, so that many wait for a slot. */
const MAX_IN_FLIGHT = 18;

/** The shortest and the longest time (ms) before a kill, from the first submissions or the last restart. */
const KILL_AFTER_MS = [200, 9_000] as const;

/** The time limit (ms) of the whole run. */
const RUN_MS = 178_000;

/** The time (ms) reserved for the checks after the last expiry. */
const CLOSING_MS = 12_000;

/** How long (ms) after its expiry a solution is checked. */
const AFTER_EXPIRY_MS = 2_500;

/** The violations of a rule that are printed. */
const MAX_SHOWN = 12;

const startedAt = Date.now();

function print(text: string): void {
  console.log(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
}

function readSeed(): number {
  const { values } = parseArgs({ options: { seed: { type: "string", default: String(randomInt(1_000_000)) } } });
  if (!/^\d{1,9}$/.test(values.seed)) throw new Error(`--seed must be a whole number, not "${values.seed}"`);
  return Number(values.seed);
}

/** Creates a tenant with few slots, and a live key with every scope. */
async function createTenant(admin: CrashClient): Promise<{ key: string; webhookSecret: string }> {
  const tenant = { id: "crash", name: "Crash", allowedHosts: ["antcpt.com"], limits: { maxInFlight: MAX_IN_FLIGHT } };
  const { webhookSecrets } = z
    .object({ webhookSecrets: z.object({ live: z.string() }) })
    .parse(await admin.sendOk("POST", "/admin/tenants", { body: tenant }));
  const scopes = ["tasks:write", "tasks:read", "account:read", "account:write"];
  const body = { name: "Crash", mode: "live", scopes };
  const { key } = z
    .object({ key: z.string() })
    .parse(await admin.sendOk("POST", "/admin/tenants/crash/keys", { body }));
  return { key, webhookSecret: webhookSecrets.live };
}

/** Kills the gateway and starts it again, several times, while the caller continues. */
async function killAndRestart(gateway: KillableGateway, caller: CrashCaller, random: Randomness): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await delay(random.between(...KILL_AFTER_MS));
    await caller.actBeforeKill();
    const { killedAt, upAt } = await gateway.killAndRestart();
    print(`kill ${kill}: down for ${((upAt - killedAt) / 1_000).toFixed(1)} s`);
  }
}

/** Waits until every task's webhook was accepted and the caller has finished, or the deadline (ms since the epoch) has passed. */
async function untilEnded(caller: CrashCaller, deadlineAt: number): Promise<void> {
  caller.finish();
  while (Date.now() < deadlineAt) {
    if (caller.missing.length === 0 && caller.idle) return print("every task has ended, and its webhook was accepted");
    await delay(200);
  }
  print(`time is over: ${caller.missing.length} tasks have no accepted webhook, ${caller.missing.slice(0, 5)}`);
}

/** Starts a receiver that rejects the first webhooks of each task, as often as planned. */
function startRejectingReceiver(plan: readonly PlannedTask[]): Promise<WebhookReceiver> {
  const rejections = new Map(plan.map(({ name, rejections: count }) => [name, count]));
  return startReceiver((_count, body) => {
    const name = nameIn(body) ?? "";
    const left = rejections.get(name) ?? 0;
    rejections.set(name, left - 1);
    return left > 0 ? 503 : 204;
  });
}

/** Repeats the submission and the claim of every accepted task, reads it, and collects all observations of it. */
async function gather(
  client: CrashClient,
  caller: CrashCaller,
  seen: { readonly requests: readonly SandboxRequest[]; readonly received: readonly ReceivedWebhook[] },
): Promise<Case[]> {
  const histories = [...caller.histories.values()].filter(({ ids }) => ids.size > 0);
  const cases: Case[] = [];
  for (const history of histories) {
    await caller.repeat(history);
    const id = idOf(history);
    const task = await client.read(id);
    const { events } = timelineSchema.parse(await client.sendOk("GET", `/v1/tasks/${id}/events`));
    cases.push(caseOf(history, task, events, seen));
  }
  return cases;
}

/** Prints the phases of the tasks at each kill. */
function printPhases(cases: readonly Case[], outages: readonly Outage[]): void {
  for (const [index, { killedAt }] of outages.entries()) {
    const phases = [...phasesAt(cases, killedAt)].sort(([, a], [, b]) => b - a);
    print(`at kill ${index + 1}: ${phases.map(([phase, count]) => `${count} ${phase}`).join(", ")}`);
  }
  const lost = cases.filter(({ unanswered }) => unanswered > 0).length;
  const unknown = cases.filter(({ events }) => events.some(({ type }) => type === "submission_hidden")).length;
  print(
    `${lost} tasks were submitted again because there was no response; ${unknown} had a submission with an unknown outcome`,
  );
  print(`the shortest time between a response and the next poll: ${minPollGap(cases)} ms`);
}

/** Waits for the last solution that expires before the deadline (ms since the epoch). */
async function untilExpired(cases: readonly Case[], deadlineAt: number): Promise<void> {
  const expiries = cases.map(expiryOf).filter((at) => at !== null);
  const last = Math.max(0, ...expiries.filter((at) => at < deadlineAt));
  const left = Math.max(0, last + AFTER_EXPIRY_MS - Date.now());
  print(`waiting ${(left / 1_000).toFixed(0)} s for solutions to expire`);
  await delay(left);
}

/** Runs the test. Returns the checks and the number of tasks. */
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
  const { key, webhookSecret } = await createTenant(new CrashClient(gateway.url, vars.ADMIN_TOKEN));
  const client = new CrashClient(gateway.url, key);
  cleanups.push(() => client.stop());
  await client.sendOk("PUT", "/v1/webhook", { body: { url: receiver.url } });

  const violations: string[] = [];
  const caller = new CrashCaller(plan, client, receiver, seeded(seed + 2), (error) => violations.push(String(error)));
  await caller.submitFirst();
  caller.submitBetween();
  print(`the gateway is ready; ${plan.length} tasks are planned, and the first of them are accepted`);
  await killAndRestart(gateway, caller, seeded(seed + 1));
  await untilEnded(caller, startedAt + RUN_MS - CLOSING_MS);

  const { outages } = gateway;
  const cases = await gather(client, caller, { requests: upstream.requests, received: receiver.received });
  printPhases(cases, outages);
  const checks = checkAll(cases, outages, webhookSecret);
  checks.push(await checkLedger(client, cases));
  await untilExpired(cases, startedAt + RUN_MS - CLOSING_MS);
  // A read would delete an expired solution too, so only half of the tasks are read. Alarms must delete the solutions of the others.
  const half = cases.filter((_one, index) => index % 2 === 0);
  checks.push(await checkExpired(client, half));
  const { outputs } = gateway;
  const stoppedAt = Date.now();
  await gateway.end("stop");
  print(remainsText(state, cases, stoppedAt));
  checks.push(checkErased(state, cases, stoppedAt));
  checks.push(checkLogs(outputs, client.serverErrors));
  print(`warnings in the log: ${warningsIn(outputs)}`);
  checks.push({ rule: "all requests of the caller succeeded", checked: plan.length, violations });
  for (const one of cases) {
    const isViolated = checks.some((check) =>
      check.violations.some((violation) => violation.startsWith(`${one.planned.name} `)),
    );
    if (isViolated) console.log(`\n${one.planned.name}: ${timelineText(one, outages)}`);
  }
  return { checks, tasks: cases.length };
}

function printChecks(checks: readonly Check[]): void {
  console.log(`\n${"rule".padEnd(56)}${"checked".padStart(10)}${"violations".padStart(12)}`);
  for (const { rule, checked, violations } of checks) {
    console.log(`${rule.padEnd(56)}${String(checked).padStart(10)}${String(violations.length).padStart(12)}`);
  }
  for (const { rule, violations } of checks) {
    if (violations.length > 0) console.log(["", `✗ ${rule}:`, ...violations.slice(0, MAX_SHOWN)].join("\n  "));
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
  const tooLong = delay(RUN_MS, null, { ref: false }).then(() =>
    Promise.reject(new Error(`The run took longer than ${RUN_MS / 1_000} s`)),
  );
  try {
    const { checks, tasks } = await Promise.race([crash(seed, cleanups), tooLong]);
    printChecks(checks);
    const violated = checks.filter(({ violations }) => violations.length > 0).length;
    const figures = `seed=${seed} tasks=${tasks} kills=${KILLS}`;
    return violated === 0 ? `CRASH OK ${figures}` : `CRASH FAILED ${figures} violated=${violated}`;
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
