// What a tenant's tasks are told about their first poll: an advisor for each mode, fed by the ledger. It asks the ledger once in an
// object's life in memory, when a task first wants advice; from then on each outcome is noted as it is settled.

import { DOCUMENTED_POLL_MS } from "../poll-interval.ts";
import { FirstPollAdvisor, MOST_SAMPLES } from "./first-poll.ts";
import type { KeyMode } from "./keys.ts";
import type { Ledger, TaskOutcome } from "./ledger.ts";

export class Advice {
  readonly #ledger: Ledger;
  readonly #advisors = new Map<KeyMode, FirstPollAdvisor>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Learns from a task that the ledger has just taken. */
  note({ mode, unsolvedMs, solveMs }: TaskOutcome): void {
    if (unsolvedMs === null || solveMs === null) return;
    this.#advisors.get(mode)?.note({ afterMs: unsolvedMs, byMs: solveMs });
  }

  /**
   * How long (ms) after createTask's answer a task's first poll had best come; undefined where the usual 3 s are best, or too
   * little is known.
   * @param pollIntervalMs the cadence; the same in an isolate's whole life
   * @param random from 0 to under 1, another for each task
   */
  firstPollMs(mode: KeyMode, pollIntervalMs: number, random: number): number | undefined {
    let advisor = this.#advisors.get(mode);
    if (advisor === undefined) {
      advisor = new FirstPollAdvisor(pollIntervalMs, this.#ledger.solveTimes(mode, MOST_SAMPLES), DOCUMENTED_POLL_MS);
      this.#advisors.set(mode, advisor);
    }
    const advisedMs = advisor.advise(random);
    return advisedMs > DOCUMENTED_POLL_MS ? advisedMs : undefined;
  }
}
