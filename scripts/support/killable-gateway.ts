// A gateway that dies and comes back on the same state and port, for the crash test. It remembers every outage and all that was
// printed, and ends nothing but what it started.

import type { Outage } from "./crash-evidence.ts";
import { type GatewayOptions, type RunningGateway, startGateway } from "./gateway-process.ts";

/** Starts of one gateway whose ports are taken: another process may take a port between its choice and its use. */
const MAX_STARTS = 3;

export class MortalGateway {
  readonly outages: Outage[] = [];
  readonly #options: GatewayOptions;
  readonly #lives: RunningGateway[] = [];
  /** The gateway that runs or is being started; null while it is stopped. */
  #present: Promise<RunningGateway> | null = null;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Its origin, the same in every life. */
  get url(): string {
    return this.#lives[0]?.url ?? "";
  }

  /** What each life has printed. */
  get outputs(): string[] {
    return this.#lives.map((life) => life.output());
  }

  async start(): Promise<void> {
    const port = this.#lives[0]?.port;
    this.#present = begin(port === undefined ? this.#options : { ...this.#options, port });
    this.#lives.push(await this.#present);
  }

  /** `kill -9` of the whole tree, and a new life. */
  async killAndRestart(): Promise<Outage> {
    const killedAt = Date.now();
    await this.end("kill");
    const goneAt = Date.now();
    await this.start();
    const outage = { killedAt, goneAt, upAt: Date.now() };
    this.outages.push(outage);
    return outage;
  }

  /** Ends the present life, where there is one; one that is just beginning is waited for, so that it is not left behind. */
  async end(how: "stop" | "kill"): Promise<void> {
    const present = this.#present;
    this.#present = null;
    const life = await present?.catch(() => null);
    await life?.[how]();
  }
}

async function begin(options: GatewayOptions): Promise<RunningGateway> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startGateway(options);
    } catch (error) {
      if (tries === MAX_STARTS || !/Port \d+ is in use/.test(String(error))) throw error;
    }
  }
}
