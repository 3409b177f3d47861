// Drives one task's object through events in any order: outgoing requests whose answers are held until they are
// released, callers of every kind, the alarm, the clock, a crash. It records what callers saw, and reports when two
// observations contradict each other. Only `Date` moves, and never far enough for a timeout of ten seconds.

import { runInDurableObject } from "cloudflare:test";
import { expect, vi } from "vitest";
import type { TaskObject } from "../../src/tasks/object.ts";
import type { Task } from "../../src/tasks/present.ts";
import type { ClaimResult } from "../../src/tasks/rpc.ts";
import type { TaskStatus } from "../../src/tasks/status.ts";
import { isFinal, TASK_STATUSES } from "../../src/tasks/status.ts";
import { restoreAlarm } from "./crashes.ts";
import type { TaskStub } from "./objects.ts";
import { acceptTask, again, LIVE, POLL_MS, storedText } from "./objects.ts";
import { alarmOf, crash, eventually, evict, pass, ring } from "./time.ts";
import type { Answer } from "./upstream.ts";
import { lost, RECEIVER_URL, TOKEN } from "./upstream.ts";

/** The longest request (ms): its timeout is real time, and the test's clock must not overtake it. */
const REQUEST_MS = 9_000;
/** No restart takes less (ms). */
const RESTART_MS = 300;
/** How long a long poll waits (ms of real time): longer than a test may take. */
const PATIENCE_MS = 60_000;

export type Call = "createTask" | "getTaskResult" | "webhook";

/** An answer, and whether upstream has, or may have, taken a task with it. */
export interface Reply {
  readonly name: string;
  readonly answer: Answer;
  readonly takes: boolean;
}

/** The answer to a request that was not released. */
const LOST_REPLY: Pick<Reply, "answer"> = { answer: lost };

/** One request that is, or was, out. */
interface SentRequest {
  readonly call: Call;
  readonly at: number;
  reply: Reply | null;
  /** When the answer was released, or the object crashed waiting for it. */
  endedAt: number | null;
}

/** What was known when a call was made. Concurrent calls are not bound by each other's results. */
interface Known {
  readonly final: TaskStatus | null;
  readonly gone: boolean;
}

/** What a caller may do. */
export type Act = "view" | "claim" | "cancel" | "redeliver" | "wake";

export class World {
  #stub: TaskStub;
  readonly #requests: SentRequest[] = [];
  readonly #subscribers: { done: boolean }[] = [];
  /** The alarm's handler while it runs, and when that alarm was due. */
  #handler: { readonly done: Promise<unknown>; readonly dueAt: number } | null = null;
  #final: TaskStatus | null = null;
  #claims = 0;
  /** A caller claimed the solution or saw that it is gone, so later calls must not see it. */
  #gone = false;
  #contradictions: string[] = [];

  private constructor(stub: TaskStub) {
    this.#stub = stub;
    vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => this.#receive(new Request(input, init)));
  }

  static async begin(): Promise<World> {
    return new World(await acceptTask({ webhookUrl: RECEIVER_URL, timeoutMs: 60_000, retentionMs: 600_000 }));
  }

  get id(): string {
    return this.#stub.id.toString();
  }
  get status(): TaskStatus | null {
    return this.#final;
  }

  /** Callers of these kinds, all at once. */
  async act(acts: readonly Act[]): Promise<void> {
    const known = this.#known;
    await Promise.all(acts.map((one) => this.#actOne(one, known)));
    await this.#untilIdle();
  }

  /** A long poll. A crash of the object rejects its promise, and the Worker tries again. */
  wait(): void {
    const subscriber = { done: false };
    this.#subscribers.push(subscriber);
    const known = this.#known;
    const view = runInDurableObject<TaskObject, Task | null>(
      this.#stub,
      async (object) => (await object.longPoll(LIVE, PATIENCE_MS))?.task ?? null,
    );
    const received = view.then(
      (task) => {
        if (task !== null && !isFinal(task.status)) this.#contradictions.push(`a subscriber received ${task.status}`);
        if (task !== null) this.#recordTask("a subscriber", task, known);
      },
      () => null,
    );
    void received.then(() => {
      subscriber.done = true;
    });
  }

  /** Rings the alarm, where one is set and its handler is not at work, at its time or later. */
  async ring(): Promise<void> {
    if (this.#handler !== null) return;
    const dueAt = await alarmOf(this.#stub);
    if (dueAt === null) return;
    vi.setSystemTime(Math.max(dueAt, Date.now()));
    let over = false;
    const done = ring(this.#stub).then(
      () => {
        over = true;
      },
      () => {
        over = true;
      },
    );
    this.#handler = { done, dueAt };
    await eventually(() => over || this.#out !== null);
    await this.#untilIdle();
  }

  /** Releases the answer that is waited for. */
  async release(replies: Readonly<Record<Call, Reply>>): Promise<void> {
    const out = this.#out;
    if (out === null) return;
    out.reply = replies[out.call];
    out.endedAt = Date.now();
    await this.#untilIdle();
  }

  /** Lets time go by. */
  pass(ms: number): void {
    const out = this.#out;
    pass(out === null ? ms : Math.max(Math.min(ms, out.at + REQUEST_MS - Date.now()), 0));
  }

  /** Evicts the object, or crashes it if a call is running. */
  async evict(): Promise<void> {
    const handler = this.#handler;
    if (handler === null && this.#subscribers.every(({ done }) => done)) return evict(this.#stub);
    const out = this.#out;
    await crash(this.#stub);
    if (out !== null) out.endedAt = Date.now();
    await handler?.done;
    this.#handler = null;
    this.#stub = again(this.#stub);
    await eventually(() => this.#subscribers.every(({ done }) => done));
    pass(RESTART_MS);
    if (handler !== null) await restoreAlarm(this.#stub, handler.dueAt);
  }

  /** What must hold after every step. */
  async check(): Promise<void> {
    expect(this.#contradictions).toEqual([]);
    expect(this.#claims).toBeLessThanOrEqual(1);
    const creates = this.#requests.filter(({ call }) => call === "createTask");
    expect(creates.filter(({ reply }) => reply?.takes ?? true).length).toBeLessThanOrEqual(2);
    this.#checkPolls();
    if (this.#gone) expect(await storedText(this.#stub)).not.toContain(TOKEN);
    if (this.#final !== null) await eventually(() => this.#subscribers.every(({ done }) => done));
  }

  /** Runs the task to the end of its retention, with these answers. */
  async end(replies: Readonly<Record<Call, Reply>>): Promise<void> {
    for (let steps = 0; steps < 400; steps += 1) {
      if (this.#out !== null) await this.release(replies);
      else if ((await alarmOf(this.#stub)) === null) break;
      else await this.ring();
      await this.check();
      await this.#actOne("view", this.#known);
    }
    expect(await storedText(this.#stub)).toBe("[]");
  }

  get #out(): SentRequest | null {
    return this.#requests.find(({ endedAt }) => endedAt === null) ?? null;
  }

  /** Until the handler has come to its end, or to an sent. */
  async #untilIdle(): Promise<void> {
    const handler = this.#handler;
    if (handler === null) return;
    let over = false;
    void handler.done.then(() => {
      over = true;
    });
    await eventually(() => over || this.#out !== null);
    if (over) this.#handler = null;
  }

  async #actOne(act: Act, known: Known): Promise<void> {
    switch (act) {
      case "view": {
        const task = await runInDurableObject<TaskObject, Task | null>(this.#stub, (object) => object.view(LIVE));
        if (task !== null) this.#recordTask("a read", task, known);
        return;
      }
      case "claim":
        return this.#recordClaim(await this.#stub.claim(LIVE), known);
      case "cancel": {
        const result = await this.#stub.cancel(LIVE);
        if (result.tag === "canceled") this.#recordTask("a cancel", result.task, known);
        else if (result.tag === "finished" && this.#final === "canceled")
          this.#contradictions.push("canceled, then finished");
        return;
      }
      case "redeliver": {
        const result = await this.#stub.redeliver(LIVE);
        if (result.tag === "redelivering") this.#recordTask("a redelivery", result.task, known);
        return;
      }
      case "wake":
        return this.#stub.wake(this.id);
    }
  }

  #recordClaim({ tag }: ClaimResult, known: Known): void {
    if (tag === "absent") return;
    if (tag === "not_ready") {
      if (known.final === "ready") this.#contradictions.push("ready, then not");
      return;
    }
    this.#recordStatus("a claim", "ready", known);
    if (tag === "claimed") this.#claims += 1;
    this.#gone = true;
  }

  #recordTask(who: string, task: Task, known: Known): void {
    const { status, solution, solutionState, submissions, solutionExpiresAt } = task;
    this.#recordStatus(who, status, known);
    if (submissions > 2) this.#contradictions.push(`${who} saw ${submissions} submissions`);
    const shown = solution !== null || JSON.stringify(task).includes(TOKEN);
    if (shown && known.gone) this.#contradictions.push(`${who} saw a solution that was gone`);
    if (shown !== (solutionState === "available"))
      this.#contradictions.push(`${who} saw a solution that is ${solutionState}`);
    if (solutionExpiresAt !== null && Date.parse(solutionExpiresAt) > this.#latestExpiry) {
      this.#contradictions.push(`${who} saw an expiry that is too late`);
    }
    if (solutionState === "claimed" || solutionState === "expired") this.#gone = true;
  }

  get #known(): Known {
    return { final: this.#final, gone: this.#gone };
  }

  /** Records a status that a caller saw. A final status must not change. */
  #recordStatus(who: string, status: TaskStatus, known: Known): void {
    const before = isFinal(status) ? this.#final : known.final;
    if (before !== null && status !== before) this.#contradictions.push(`${who} saw ${status} after ${before}`);
    if (isFinal(status)) this.#final = status;
  }

  /** The lifetime of 120 s cannot start before the last answer without a solution. */
  get #latestExpiry(): number {
    const unsolved = this.#requests.filter(({ call, reply }) => call === "createTask" || reply?.name === "processing");
    return Math.max(...unsolved.map(({ at }) => at)) + 120_000;
  }

  #checkPolls(): void {
    const polls = this.#requests.filter(({ call }) => call === "getTaskResult");
    for (const [index, { at }] of polls.slice(1).entries()) {
      expect(at - (polls[index]?.endedAt ?? Number.NaN)).toBeGreaterThanOrEqual(POLL_MS);
    }
  }

  async #receive(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const call = request.url === RECEIVER_URL ? "webhook" : pathname === "/createTask" ? "createTask" : "getTaskResult";
    const sent: SentRequest = { call, at: Date.now(), reply: null, endedAt: null };
    this.#requests.push(sent);
    const known = this.#known;
    const body: unknown = await request.json();
    if (call === "webhook") this.#readWebhook(body, known);
    // The two sides share a field and never a promise: workerd aborts if one object settles another's promise.
    await eventually(() => sent.reply !== null);
    const { answer } = sent.reply ?? LOST_REPLY;
    return answer({ path: pathname, body, headers: request.headers, at: sent.at });
  }

  #readWebhook(body: unknown, known: Known): void {
    const text = JSON.stringify(body);
    const type = TASK_STATUSES.find((status) => text.includes(`"type":"task.${status}"`));
    if (type === undefined || !text.includes(`"status":"${type}"`)) this.#contradictions.push(`a webhook type ${text}`);
    else this.#recordStatus("a webhook", type, known);
    if (known.gone && text.includes(TOKEN)) this.#contradictions.push("a webhook contained a solution that was gone");
  }
}
