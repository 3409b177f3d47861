// The tenant's program in the crash test: it submits, cancels and claims tasks while the gateway is killed and restarted, partly
// immediately before a kill. It learns of results by webhooks alone, because a read would wake a task whose alarm was lost.

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { CrashClient } from "./crash-client.ts";
import type { Claim, TaskHistory } from "./crash-evidence.ts";
import { idOf, nameIn } from "./crash-evidence.ts";
import type { PlannedTask, Randomness } from "./crash-plan.ts";
import { TASKS_BEFORE_KILL } from "./crash-plan.ts";
import type { WebhookReceiver } from "./webhook-receiver.ts";

/** The last time (ms) before a kill, in which requests are sent. A request takes 10 to 40 ms. */
const BEFORE_KILL_MS = 80;

/** Cancels and claims immediately before each kill, besides the planned submissions. */
const CANCELS_BEFORE_KILL = 3;
const CLAIMS_BEFORE_KILL = 3;

/** The share of cancels and claims that wait for the next kill. */
const WAITING_SHARE = 0.6;

/** The longest pause (ms) before a cancel and before a claim, and the shortest and the longest one between two submissions. */
const CANCEL_WITHIN_MS = 6_000;
const CLAIM_WITHIN_MS = 1_500;
const BETWEEN_MS = [250, 1_100] as const;

/** The interval (ms) at which a claim checks whether the id of its task is known. */
const ID_LOOK_MS = 100;

const acceptedSchema = z.object({ id: z.string() });
const solutionSchema = z.object({ gRecaptchaResponse: z.string() });
const problemSchema = z.object({ code: z.string() });

export class CrashCaller {
  readonly histories: ReadonlyMap<string, TaskHistory>;
  readonly #client: CrashClient;
  readonly #receiver: WebhookReceiver;
  readonly #random: Randomness;
  readonly #busy = new Set<Promise<void>>();
  /** Submissions, cancels and claims that wait for the next kill. */
  readonly #submissions: TaskHistory[];
  readonly #cancels: TaskHistory[] = [];
  readonly #claims: TaskHistory[] = [];
  /** Whether there are no more kills. */
  #finishing = false;
  readonly #delivered = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #onError: (error: unknown) => void;

  constructor(
    plan: readonly PlannedTask[],
    client: CrashClient,
    receiver: WebhookReceiver,
    random: Randomness,
    onError: (error: unknown) => void,
  ) {
    this.histories = new Map(
      plan.map((planned) => [
        planned.name,
        { planned, ids: new Set<string>(), unanswered: 0, cancelStatus: null, claims: [] },
      ]),
    );
    this.#client = client;
    this.#receiver = receiver;
    this.#random = random;
    this.#onError = onError;
    this.#submissions = this.#wave("beforeKill");
    this.#run(this.#listen());
  }

  /** Submits the first tasks at once. Resolves when all are accepted. */
  async submitFirst(): Promise<void> {
    await Promise.all(this.#wave("first").map((history) => this.#submit(history)));
  }

  /** Submits the tasks between the kills, one after the other, in the background. */
  submitBetween(): void {
    this.#run(
      (async () => {
        for (const history of this.#wave("between")) {
          await delay(this.#random.between(...BETWEEN_MS));
          this.#run(this.#submit(history));
        }
      })(),
    );
  }

  /** Sends requests immediately before a kill. Some are in flight when it returns. */
  async actBeforeKill(): Promise<void> {
    for (const history of this.#submissions.splice(0, TASKS_BEFORE_KILL))
      this.#within(BEFORE_KILL_MS, () => this.#submit(history));
    for (const history of this.#cancels.splice(0, CANCELS_BEFORE_KILL))
      this.#within(BEFORE_KILL_MS, () => this.#cancel(history));
    for (const history of this.#claims.splice(0, CLAIMS_BEFORE_KILL))
      this.#within(BEFORE_KILL_MS, () => this.#claim(history));
    await delay(BEFORE_KILL_MS);
  }

  /** Sends all requests that wait for a kill, because there are no more kills. */
  finish(): void {
    this.#finishing = true;
    for (const history of this.#submissions.splice(0)) this.#run(this.#submit(history));
    for (const history of this.#cancels.splice(0)) this.#run(this.#cancel(history));
    for (const history of this.#claims.splice(0)) this.#run(this.#claim(history));
  }

  /** The names of tasks whose webhook was not accepted yet. */
  get missing(): string[] {
    return [...this.histories.keys()].filter((name) => !this.#delivered.has(name));
  }

  /** Whether no request is in flight. The webhook listener always runs. */
  get idle(): boolean {
    return this.#busy.size <= 1;
  }

  /** Repeats a submission and a claim, which must not have a second effect. */
  async repeat(history: TaskHistory): Promise<void> {
    await this.#submit(history);
    if (history.claims.length > 0) await this.#claim(history);
  }

  #wave(wave: PlannedTask["wave"]): TaskHistory[] {
    return [...this.histories.values()].filter(({ planned }) => planned.wave === wave);
  }

  /** Decides whether a cancel or a claim waits for the next kill. */
  #waits(): boolean {
    return !this.#finishing && this.#random.next() < WAITING_SHARE;
  }

  /** Handles the webhooks in order of arrival. */
  async #listen(): Promise<void> {
    for (let count = 1; ; count += 1) {
      const { body, status } = await this.#receiver.nth(count);
      const name = nameIn(body);
      if (name === null) throw new Error("a webhook has no task");
      if (status < 300) this.#delivered.add(name);
      const history = this.histories.get(name);
      if (history?.planned.claimed !== true || this.#ready.has(name)) continue;
      this.#ready.add(name);
      if (this.#waits()) this.#claims.push(history);
      else this.#within(CLAIM_WITHIN_MS, () => this.#claim(history));
    }
  }

  async #submit(history: TaskHistory): Promise<void> {
    const { status, body, unanswered } = await this.#client.submit(history.planned, this.#receiver.url);
    history.unanswered += unanswered;
    if (status !== 202 && status !== 200) throw new Error(`${history.planned.name} was not accepted: ${status}`);
    const fresh = history.ids.size === 0;
    history.ids.add(acceptedSchema.parse(body).id);
    const { kind } = history.planned;
    if (!fresh || (kind !== "canceled" && kind !== "raced")) return;
    if (kind === "canceled" && this.#waits()) this.#cancels.push(history);
    else this.#within(CANCEL_WITHIN_MS, () => this.#cancel(history));
  }

  async #cancel(history: TaskHistory): Promise<void> {
    const { status } = await this.#client.send("POST", `/v1/tasks/${idOf(history)}/cancel`);
    history.cancelStatus = status;
  }

  async #claim(history: TaskHistory): Promise<void> {
    // The webhook may arrive before the response to the submission. If that response is lost, its repetition has the id.
    while (history.ids.size === 0) await delay(ID_LOOK_MS);
    const { status, body, unanswered } = await this.#client.send("POST", `/v1/tasks/${idOf(history)}/claim`);
    const claim: Claim = {
      status,
      code: problemSchema.safeParse(body).data?.code ?? null,
      token: solutionSchema.safeParse(body).data?.gRecaptchaResponse ?? null,
      at: Date.now(),
      unanswered,
    };
    history.claims.push(claim);
  }

  #within(ms: number, act: () => Promise<void>): void {
    this.#run(delay(this.#random.between(0, ms)).then(act));
  }

  #run(work: Promise<void>): void {
    const kept: Promise<void> = work.catch(this.#onError).finally(() => this.#busy.delete(kept));
    this.#busy.add(kept);
  }
}
