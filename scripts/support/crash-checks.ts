// The rules that must hold after crashes, each checked for every task. Pure: takes the observations, and returns the number of things that
// were checked for each rule, and the violations.

import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { parseTaskId } from "../../src/upstream/scenario.ts";
import type { Case, Outage } from "./crash-evidence.ts";
import { outageBetween, unknownSends } from "./crash-evidence.ts";
import { MAX_SENDS, outcomeViolation } from "./crash-outcomes.ts";

/** The shortest time (ms) from a response of the upstream to the next poll. */
const POLL_INTERVAL_MS = 3_000;

/** How long (ms) a solution is valid. */
const SOLUTION_LIFE_MS = 120_000;

/** How long (ms) a write may take to reach a slow and busy disk. */
const UNWRITTEN_MS = 2_000;

/** How long (ms) after the response to a claim a webhook from before the claim may arrive. */
const IN_FLIGHT_MS = 1_000;

/** Time limit (ms) for the first webhook attempt after the end of a task, on a slow and busy machine. */
const PROMPT_MS = 4_000;

/** A rule, how many things were checked, and the violations. */
export interface Check {
  readonly rule: string;
  readonly checked: number;
  readonly violations: readonly string[];
}

type Rule = (one: Case) => { readonly checked: number; readonly violations: readonly string[] };

/** Checks every rule for every task. */
export function checkAll(cases: readonly Case[], outages: readonly Outage[], webhookSecret: string): Check[] {
  const rules: readonly (readonly [string, Rule])[] = [
    ["one task for each Idempotency-Key", oneTask],
    ["each task final, with the required outcome", (one) => single(outcomeViolation(one, outages))],
    ["each webhook delivered, with the task's outcome", webhookDelivered],
    ["the first webhook attempt soon after the end", (one) => webhookPrompt(one, outages)],
    ["one webhook-id for each task, every signature valid", (one) => webhooksSigned(one, webhookSecret)],
    ["no webhook after an accepted one, except for crashes", (one) => webhooksNotRepeated(one, outages)],
    ["submitted at most twice, and counted", submissionsCounted],
    ["unknown outcomes only by a crash or the deadline", (one) => unknownAfterCrash(one, outages)],
    ["polls at least 3,000 ms after a response", pollsSpaced],
    ["the token is the task's own, and expires in time", tokenRight],
    ["a solution is claimed once", claimedOnce],
  ];
  return rules.map(([rule, check]) => {
    const found = cases.map((one) => ({ name: `${one.planned.name} (${one.planned.websiteKey})`, ...check(one) }));
    return {
      rule,
      checked: found.reduce((sum, { checked }) => sum + checked, 0),
      violations: found.flatMap(({ name, violations }) => violations.map((violation) => `${name} ${violation}`)),
    };
  });
}

const single = (violation: string | null) => ({ checked: 1, violations: violation === null ? [] : [violation] });

const oneTask: Rule = ({ ids }) => single(ids.size === 1 ? null : `was reported as ${ids.size} tasks`);

const timelineEntrySchema = z.object({
  type: z.string(),
  data: z.object({
    id: z.string(),
    status: z.string(),
    solution: z.object({ gRecaptchaResponse: z.string() }).nullable(),
  }),
});

const webhookDelivered: Rule = ({ id, task, webhooks, claims }) => {
  const violations: string[] = [];
  if (!webhooks.some(({ status }) => status < 300))
    violations.push(`sent ${webhooks.length} webhooks, and none was accepted`);
  if (task.webhook?.state !== "delivered") violations.push(`has the webhook state ${String(task.webhook?.state)}`);
  const claimedAt = claims.find(({ status }) => status === 200)?.at ?? Number.POSITIVE_INFINITY;
  for (const { at, body } of webhooks) {
    const { type, data } = timelineEntrySchema.parse(JSON.parse(body));
    if (data.id !== id || data.status !== task.status || type !== `task.${task.status}`) {
      violations.push(`sent ${type} for ${data.id} (${data.status}), and is ${id} (${task.status})`);
    }
    if (data.solution !== null && at > claimedAt + IN_FLIGHT_MS)
      violations.push("sent its solution after it was claimed");
    const handedOut = claims.length > 0 || task.status !== "ready";
    if (data.solution === null && !handedOut) violations.push("sent a webhook without its solution");
  }
  return { checked: webhooks.length, violations };
};

const webhookPrompt = ({ task, webhooks }: Case, outages: readonly Outage[]) => {
  const [first] = webhooks;
  if (first === undefined || task.finishedAt === null) return { checked: 0, violations: [] };
  const finishedAt = Date.parse(task.finishedAt);
  // Each later outage may have lost or delayed an attempt.
  const upAt = outages.filter((outage) => outage.upAt >= finishedAt && outage.killedAt <= first.at).at(-1)?.upAt ?? 0;
  const late = first.at - Math.max(finishedAt, upAt) - PROMPT_MS;
  return single(late <= 0 ? null : `sent its first webhook ${late + PROMPT_MS} ms after its end`);
};

const webhooksSigned = ({ webhooks }: Case, secret: string) => {
  const ids = new Set(webhooks.map(({ headers }) => String(headers["webhook-id"])));
  const violations = ids.size > 1 ? [`used ${ids.size} webhook-ids`] : [];
  const verifier = new Webhook(secret);
  for (const { body, headers } of webhooks) {
    const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    try {
      verifier.verify(body, texts);
    } catch (error) {
      violations.push(`sent a webhook that does not verify: ${String(error)}`);
    }
  }
  return { checked: webhooks.length, violations };
};

const webhooksNotRepeated = ({ webhooks }: Case, outages: readonly Outage[]) => {
  const accepted = webhooks.filter(({ status }) => status < 300).map(({ at }) => at);
  const violations = accepted.slice(1).flatMap((at, index) => {
    const before = accepted[index] ?? 0;
    const isAllowed = outageBetween(outages, before, before + UNWRITTEN_MS) !== undefined;
    return isAllowed ? [] : [`sent its webhook again ${at - before} ms after it was accepted`];
  });
  return { checked: accepted.length, violations };
};

const submissionsCounted: Rule = ({ planned, task, creations, events }) => {
  const violations: string[] = [];
  const created = creations.filter(({ taskId }) => taskId !== null).length;
  const rejected = events.filter(({ type }) => type === "submission_refused").length;
  if (created > MAX_SENDS) violations.push(`was created ${created} times by the upstream`);
  if (created > task.submissions)
    violations.push(`was created ${created} times by the upstream, and has ${task.submissions} submissions`);
  // Submissions that the upstream rejected are not counted. The last one may have ended the task.
  const expected = task.submissions + rejected + (planned.kind === "rejected" ? 1 : 0);
  if (creations.length > expected) violations.push(`was sent ${creations.length} times instead of ${expected}`);
  return { checked: creations.length, violations };
};

const unknownAfterCrash = (one: Case, outages: readonly Outage[]) => {
  const unknown = unknownSends(one);
  const violations = unknown.flatMap(({ sentAt, noticedAt, detail }) => {
    if (detail === "malformed" && one.planned.kind === "malformed") return [];
    // A request ends at the deadline, which may be too soon when a gateway has just started.
    if (detail === "timeout" && noticedAt >= Date.parse(one.task.deadlineAt)) return [];
    const outage = outageBetween(outages, sentAt, noticedAt);
    if (detail !== "interrupted" || outage === undefined) return [`lost a response (${detail}) without a crash`];
    const answered = outage.killedAt - sentAt - one.planned.answerMs;
    return answered <= UNWRITTEN_MS ? [] : [`lost a response that it had received ${answered} ms before the crash`];
  });
  return { checked: unknown.length, violations };
};

/** The time (ms) from the previous response for the upstream task to each poll. */
function pollGaps({ creations, polls }: Case): number[] {
  const previous = new Map(creations.map(({ taskId, endedAt }) => [taskId, endedAt]));
  return polls.map(({ taskId, at, endedAt }) => {
    const gap = at - (previous.get(taskId) ?? 0);
    previous.set(taskId, endedAt);
    return gap;
  });
}

/** The shortest time (ms) between a response and the next poll. */
export function minPollGap(cases: readonly Case[]): number {
  return Math.min(...cases.flatMap(pollGaps));
}

const pollsSpaced: Rule = (one) => {
  const gaps = pollGaps(one);
  const violations = gaps.filter((gap) => gap < POLL_INTERVAL_MS).map((gap) => `was polled ${gap} ms after a response`);
  return { checked: gaps.length, violations };
};

const tokenRight: Rule = ({ planned, task, creations, claims, webhooks }) => {
  const tokens = [
    task.solution?.gRecaptchaResponse,
    ...claims.map(({ token }) => token),
    ...webhooks.map(({ body }) => timelineEntrySchema.parse(JSON.parse(body)).data.solution?.gRecaptchaResponse),
  ].filter((token) => token != null);
  const [token] = tokens;
  if (token === undefined) return { checked: 0, violations: [] };
  if (new Set(tokens).size > 1) return { checked: 1, violations: ["handed out two different solutions"] };
  const creation = creations.find(({ taskId }) => taskId !== null && token.endsWith(taskId));
  const solved = parseTaskId(creation?.taskId);
  if (solved === null) return { checked: 1, violations: ["handed out the solution of another task"] };
  const readyAt = solved.createdAt + planned.solveMs;
  const over = Date.parse(task.solutionExpiresAt ?? "") - (readyAt + SOLUTION_LIFE_MS);
  return { checked: 1, violations: over <= 0 ? [] : [`has a solution that expires ${over} ms too late`] };
};

const claimedOnce: Rule = ({ task, claims }) => {
  const violations: string[] = [];
  const got = claims.filter(({ status }) => status === 200);
  if (got.length > 1) violations.push(`handed its solution out ${got.length} times`);
  const lost = claims.some(({ unanswered }) => unanswered > 0);
  if (claims.length > 0 && task.status === "ready") {
    if (got.length === 0 && !lost) violations.push("never handed out its solution");
    if (task.solutionState !== "claimed" || task.solution !== null) violations.push(`is ${task.solutionState}`);
    if (claims.at(-1)?.code !== "already_claimed")
      violations.push(`returned ${String(claims.at(-1)?.code)} for a second claim`);
  }
  return { checked: claims.length, violations };
};
