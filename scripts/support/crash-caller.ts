// The tenant's program in the crash test: it submits, cancels and claims while the gateway is killed and restarted, partly in the
// last moment before a kill. It follows its tasks by webhooks alone, so that no read wakes a task whose alarm was lost.

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { CrashClient } from "./crash-client.ts";
import type { Claim, Story } from "./crash-evidence.ts";
import { idOf, nameIn } from "./crash-evidence.ts";
import type { PlannedTask, Randomness } from "./crash-plan.ts";
import { ON_EACH_BRINK } from "./crash-plan.ts";
import type { WebhookReceiver } from "./webhook-receiver.ts";

/** Requests right before a kill are sent within this time (ms) before it: a request takes some 10 to 40. */
const BRINK_MS = 80;

/** Cancels and claims on each brink, beside the plan's submissions. */
const CANCELS_ON_BRINK = 3;
const CLAIMS_ON_BRINK = 3;

/** Of what may wait for a brink, this share does. */
const WAITING_SHARE = 0.6;

/** Longest pauses (ms) of the caller: before it cancels, before it claims, between two submissions. */
const CANCEL_WITHIN_MS = 6_000;
const CLAIM_WITHIN_MS = 1_500;
const BETWEEN_MS = [250, 1_100] as const;

/** How often (ms) an id that is not known yet is looked for. */
const ID_LOOK_MS = 100;

const acceptedSchema = z.object({ id: z.string() });
const solutionSchema = z.object({ gRecaptchaResponse: z.string() });
const problemSchema = z.object({ code: z.string() });

export class CrashCaller {
  readonly stories: ReadonlyMap<string, Story>;
  readonly #client: CrashClient;
  readonly #receiver: WebhookReceiver;
  readonly #random: Randomness;
  readonly #busy = new Set<Promise<void>>();
  /** Submissions, cancels and claims that wait for the next brink. */
  readonly #submissions: Story[];
  readonly #cancels: Story[] = [];
  readonly #claims: Story[] = [];
  /** No brink comes any more. */
  #finishing = false;
  readonly #taken = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #onFault: (error: unknown) => void;

  constructor(
    plan: readonly PlannedTask[],
    client: CrashClient,
    receiver: WebhookReceiver,
    random: Randomness,
    onFault: (error: unknown) => void,
  ) {
    this.stories = new Map(
      plan.map((planned) => [
        planned.name,
        { planned, ids: new Set<string>(), unanswered: 0, cancelStatus: null, claims: [] },
      ]),
    );
    this.#client = client;
    this.#receiver = receiver;
    this.#random = random;
    this.#onFault = onFault;
    this.#submissions = this.#wave("brink");
    this.#run(this.#listen());
  }

  /** Submits the first tasks all at once; resolves when all are accepted. */
  async submitFirst(): Promise<void> {
    await Promise.all(this.#wave("first").map((story) => this.#submit(story)));
  }

  /** Submits the tasks between the kills, one after the other, in the background. */
  submitBetween(): void {
    this.#run(
      (async () => {
        for (const story of this.#wave("between")) {
          await delay(this.#random.between(...BETWEEN_MS));
          this.#run(this.#submit(story));
        }
      })(),
    );
  }

  /** The last moment before a kill: some submissions, cancels and claims are under way when it returns, or just done. */
  async brink(): Promise<void> {
    for (const story of this.#submissions.splice(0, ON_EACH_BRINK)) this.#within(BRINK_MS, () => this.#submit(story));
    for (const story of this.#cancels.splice(0, CANCELS_ON_BRINK)) this.#within(BRINK_MS, () => this.#cancel(story));
    for (const story of this.#claims.splice(0, CLAIMS_ON_BRINK)) this.#within(BRINK_MS, () => this.#claim(story));
    await delay(BRINK_MS);
  }

  /** No brink comes any more: does what still waits for one. */
  finish(): void {
    this.#finishing = true;
    for (const story of this.#submissions.splice(0)) this.#run(this.#submit(story));
    for (const story of this.#cancels.splice(0)) this.#run(this.#cancel(story));
    for (const story of this.#claims.splice(0)) this.#run(this.#claim(story));
  }

  /** Tasks whose webhook has not been taken yet. */
  get missing(): string[] {
    return [...this.stories.keys()].filter((name) => !this.#taken.has(name));
  }

  /** Whether nothing is under way. The listener always is. */
  get idle(): boolean {
    return this.#busy.size <= 1;
  }

  /** Repeats a submission that was answered, and a claim: neither may have a second effect. */
  async repeat(story: Story): Promise<void> {
    await this.#submit(story);
    if (story.claims.length > 0) await this.#claim(story);
  }

  #wave(wave: PlannedTask["wave"]): Story[] {
    return [...this.stories.values()].filter(({ planned }) => planned.wave === wave);
  }

  /** Whether a cancel or a claim waits for the next brink. */
  #waits(): boolean {
    return !this.#finishing && this.#random.next() < WAITING_SHARE;
  }

  /** Follows the webhooks, one by one. */
  async #listen(): Promise<void> {
    for (let count = 1; ; count += 1) {
      const { body, status } = await this.#receiver.nth(count);
      const name = nameIn(body);
      if (name === null) throw new Error("a webhook has no task");
      if (status < 300) this.#taken.add(name);
      const story = this.stories.get(name);
      if (story?.planned.claimed !== true || this.#ready.has(name)) continue;
      this.#ready.add(name);
      if (this.#waits()) this.#claims.push(story);
      else this.#within(CLAIM_WITHIN_MS, () => this.#claim(story));
    }
  }

  async #submit(story: Story): Promise<void> {
    const { status, body, unanswered } = await this.#client.submit(story.planned, this.#receiver.url);
    story.unanswered += unanswered;
    if (status !== 202 && status !== 200) throw new Error(`${story.planned.name} was not accepted: ${status}`);
    const fresh = story.ids.size === 0;
    story.ids.add(acceptedSchema.parse(body).id);
    const { kind } = story.planned;
    if (!fresh || (kind !== "canceled" && kind !== "raced")) return;
    if (kind === "canceled" && this.#waits()) this.#cancels.push(story);
    else this.#within(CANCEL_WITHIN_MS, () => this.#cancel(story));
  }

  async #cancel(story: Story): Promise<void> {
    const { status } = await this.#client.ask("POST", `/v1/tasks/${idOf(story)}/cancel`);
    story.cancelStatus = status;
  }

  async #claim(story: Story): Promise<void> {
    // The webhook may have overtaken the answer to the submission, which may be lost: the id comes with its repeat.
    while (story.ids.size === 0) await delay(ID_LOOK_MS);
    const { status, body, unanswered } = await this.#client.ask("POST", `/v1/tasks/${idOf(story)}/claim`);
    const claim: Claim = {
      status,
      code: problemSchema.safeParse(body).data?.code ?? null,
      token: solutionSchema.safeParse(body).data?.gRecaptchaResponse ?? null,
      at: Date.now(),
      unanswered,
    };
    story.claims.push(claim);
  }

  #within(ms: number, act: () => Promise<void>): void {
    this.#run(delay(this.#random.between(0, ms)).then(act));
  }

  #run(work: Promise<void>): void {
    const kept: Promise<void> = work.catch(this.#onFault).finally(() => this.#busy.delete(kept));
    this.#busy.add(kept);
  }
}
