// The rules that a crash must not break, each checked for every task. Pure: takes evidence, and returns for each rule how much
// was checked and the violations.

import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { parseTaskId } from "../../src/upstream/scenario.ts";
import type { Case, Outage } from "./crash-evidence.ts";
import { outageBetween, unknownSends } from "./crash-evidence.ts";
import { complaintAbout, MAX_SENDS } from "./crash-outcomes.ts";

/** A poll comes no sooner than this (ms) after the previous answer. */
const CADENCE_MS = 3_000;

/** A solution is valid this long (ms) from the moment it exists. */
const SOLUTION_LIFE_MS = 120_000;

/** What a gateway was doing may still not be on disk this long (ms) later, on a slow and busy disk. */
const UNWRITTEN_MS = 2_000;

/** A webhook built before a claim may arrive this long (ms) after the claim's answer. */
const IN_FLIGHT_MS = 1_000;

/** The first attempt comes this soon (ms) on a slow and busy machine: nothing that is under way is waited for. */
const PROMPT_MS = 4_000;

/** A rule, how many things it was held against, and what broke it. */
export interface Check {
  readonly rule: string;
  readonly looked: number;
  readonly faults: readonly string[];
}

type Judge = (one: Case) => { readonly looked: number; readonly faults: readonly string[] };

/** Holds every task against every rule. */
export function judge(cases: readonly Case[], outages: readonly Outage[], webhookSecret: string): Check[] {
  const rules: readonly (readonly [string, Judge])[] = [
    ["one Idempotency-Key, one task", oneTask],
    ["each task final, and rightly so", (one) => single(complaintAbout(one, outages))],
    ["each webhook delivered, with the task's own end", webhookDelivered],
    ["the first attempt soon after the end", (one) => webhookPrompt(one, outages)],
    ["one webhook-id a task, every signature valid", (one) => webhooksSigned(one, webhookSecret)],
    ["no webhook after a taken one, but for a crash", (one) => webhooksNotRepeated(one, outages)],
    ["submitted at most twice, and counted", submissionsCounted],
    ["no answer hidden but by a crash or the deadline", (one) => unknownAfterCrash(one, outages)],
    ["polls at least 3,000 ms after an answer", pollsSpaced],
    ["the token is the task's own, and expires in time", tokenRight],
    ["a solution is claimed once", claimedOnce],
  ];
  return rules.map(([rule, held]) => {
    const found = cases.map((one) => ({ name: `${one.planned.name} (${one.planned.websiteKey})`, ...held(one) }));
    return {
      rule,
      looked: found.reduce((sum, { looked }) => sum + looked, 0),
      faults: found.flatMap(({ name, faults }) => faults.map((fault) => `${name} ${fault}`)),
    };
  });
}

const single = (fault: string | null) => ({ looked: 1, faults: fault === null ? [] : [fault] });

const oneTask: Judge = ({ ids }) => single(ids.size === 1 ? null : `was reported as ${ids.size} tasks`);

const timelineEntrySchema = z.object({
  type: z.string(),
  data: z.object({
    id: z.string(),
    status: z.string(),
    solution: z.object({ gRecaptchaResponse: z.string() }).nullable(),
  }),
});

const webhookDelivered: Judge = ({ id, task, webhooks, claims }) => {
  const faults: string[] = [];
  if (!webhooks.some(({ status }) => status < 300)) faults.push(`sent ${webhooks.length} webhooks, none was taken`);
  if (task.webhook?.state !== "delivered") faults.push(`says that its webhook is ${String(task.webhook?.state)}`);
  const claimedAt = claims.find(({ status }) => status === 200)?.at ?? Number.POSITIVE_INFINITY;
  for (const { at, body } of webhooks) {
    const { type, data } = timelineEntrySchema.parse(JSON.parse(body));
    if (data.id !== id || data.status !== task.status || type !== `task.${task.status}`) {
      faults.push(`sent ${type} about ${data.id} (${data.status}), and is ${id} (${task.status})`);
    }
    if (data.solution !== null && at > claimedAt + IN_FLIGHT_MS) faults.push("sent its solution after it was claimed");
    const handedOut = claims.length > 0 || task.status !== "ready";
    if (data.solution === null && !handedOut) faults.push("sent a webhook without its solution");
  }
  return { looked: webhooks.length, faults };
};

const webhookPrompt = ({ task, webhooks }: Case, outages: readonly Outage[]) => {
  const [first] = webhooks;
  if (first === undefined || task.finishedAt === null) return { looked: 0, faults: [] };
  const finishedAt = Date.parse(task.finishedAt);
  // Every outage since then may have lost or delayed an attempt.
  const upAt = outages.filter((outage) => outage.upAt >= finishedAt && outage.killedAt <= first.at).at(-1)?.upAt ?? 0;
  const late = first.at - Math.max(finishedAt, upAt) - PROMPT_MS;
  return single(late <= 0 ? null : `sent its first webhook ${late + PROMPT_MS} ms after its end`);
};

const webhooksSigned = ({ webhooks }: Case, secret: string) => {
  const ids = new Set(webhooks.map(({ headers }) => String(headers["webhook-id"])));
  const faults = ids.size > 1 ? [`used ${ids.size} webhook-ids`] : [];
  const verifier = new Webhook(secret);
  for (const { body, headers } of webhooks) {
    const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    try {
      verifier.verify(body, texts);
    } catch (error) {
      faults.push(`sent a webhook that does not verify: ${String(error)}`);
    }
  }
  return { looked: webhooks.length, faults };
};

const webhooksNotRepeated = ({ webhooks }: Case, outages: readonly Outage[]) => {
  const taken = webhooks.filter(({ status }) => status < 300).map(({ at }) => at);
  const faults = taken.slice(1).flatMap((at, index) => {
    const before = taken[index] ?? 0;
    const excused = outageBetween(outages, before, before + UNWRITTEN_MS) !== undefined;
    return excused ? [] : [`sent its webhook again ${at - before} ms after it was taken`];
  });
  return { looked: taken.length, faults };
};

const submissionsCounted: Judge = ({ planned, task, creations, events }) => {
  const faults: string[] = [];
  const made = creations.filter(({ taskId }) => taskId !== null).length;
  const refused = events.filter(({ type }) => type === "submission_refused").length;
  if (made > MAX_SENDS) faults.push(`was made ${made} times by upstream`);
  if (made > task.submissions) faults.push(`was made ${made} times by upstream, and says ${task.submissions}`);
  // Submissions that upstream rejected are not counted. The last one may have ended the task.
  const accounted = task.submissions + refused + (planned.kind === "rejected" ? 1 : 0);
  if (creations.length > accounted) faults.push(`was sent ${creations.length} times, ${accounted} are accounted for`);
  return { looked: creations.length, faults };
};

const unknownAfterCrash = (one: Case, outages: readonly Outage[]) => {
  const hidden = unknownSends(one);
  const faults = hidden.flatMap(({ sentAt, noticedAt, detail }) => {
    if (detail === "malformed" && one.planned.kind === "malformed") return [];
    // An exchange is given no more time than the deadline leaves, and at the start of a gateway that may be too little.
    if (detail === "timeout" && noticedAt >= Date.parse(one.task.deadlineAt)) return [];
    const outage = outageBetween(outages, sentAt, noticedAt);
    if (detail !== "interrupted" || outage === undefined) return [`lost an answer (${detail}) without a crash`];
    const answered = outage.killedAt - sentAt - one.planned.answerMs;
    return answered <= UNWRITTEN_MS ? [] : [`forgot an answer that it had had for some ${answered} ms`];
  });
  return { looked: hidden.length, faults };
};

/** How long (ms) after the previous answer about its upstream task each poll arrived. */
function pollGaps({ creations, polls }: Case): number[] {
  const previous = new Map(creations.map(({ taskId, endedAt }) => [taskId, endedAt]));
  return polls.map(({ taskId, at, endedAt }) => {
    const gap = at - (previous.get(taskId) ?? 0);
    previous.set(taskId, endedAt);
    return gap;
  });
}

/** The least of all gaps (ms) between an answer and the poll after it. */
export function leastPollGap(cases: readonly Case[]): number {
  return Math.min(...cases.flatMap(pollGaps));
}

const pollsSpaced: Judge = (one) => {
  const gaps = pollGaps(one);
  const faults = gaps.filter((gap) => gap < CADENCE_MS).map((gap) => `was polled ${gap} ms after an answer`);
  return { looked: gaps.length, faults };
};

const tokenRight: Judge = ({ planned, task, creations, claims, webhooks }) => {
  const tokens = [
    task.solution?.gRecaptchaResponse,
    ...claims.map(({ token }) => token),
    ...webhooks.map(({ body }) => timelineEntrySchema.parse(JSON.parse(body)).data.solution?.gRecaptchaResponse),
  ].filter((token) => token != null);
  const [token] = tokens;
  if (token === undefined) return { looked: 0, faults: [] };
  if (new Set(tokens).size > 1) return { looked: 1, faults: ["handed out two different solutions"] };
  const made = creations.find(({ taskId }) => taskId !== null && token.endsWith(taskId));
  const solved = parseTaskId(made?.taskId);
  if (solved === null) return { looked: 1, faults: ["handed out a solution that was not made for it"] };
  const readyAt = solved.createdAt + planned.solveMs;
  const over = Date.parse(task.solutionExpiresAt ?? "") - (readyAt + SOLUTION_LIFE_MS);
  return { looked: 1, faults: over <= 0 ? [] : [`keeps its solution ${over} ms too long`] };
};

const claimedOnce: Judge = ({ task, claims }) => {
  const faults: string[] = [];
  const got = claims.filter(({ status }) => status === 200);
  if (got.length > 1) faults.push(`handed its solution out ${got.length} times`);
  const lost = claims.some(({ unanswered }) => unanswered > 0);
  if (claims.length > 0 && task.status === "ready") {
    if (got.length === 0 && !lost) faults.push("never handed out its solution");
    if (task.solutionState !== "claimed" || task.solution !== null) faults.push(`is ${task.solutionState}`);
    if (claims.at(-1)?.code !== "already_claimed") faults.push(`says ${String(claims.at(-1)?.code)} to a second claim`);
  }
  return { looked: claims.length, faults };
};
