// A gateway that is killed and restarted on the same state and port, for the crash test. It records every outage and all output, and ends
// only the processes that it started.

import type { Outage } from "./crash-evidence.ts";
import { type GatewayOptions, type RunningGateway, startGateway } from "./gateway-process.ts";

export class KillableGateway {
  readonly outages: Outage[] = [];
  readonly #options: GatewayOptions;
  /** Each gateway that was started, in order. */
  readonly #started: RunningGateway[] = [];
  /** The gateway that runs or is being started, or null while there is none. */
  #current: Promise<RunningGateway> | null = null;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Its origin, which stays the same after a restart. */
  get url(): string {
    return this.#started[0]?.url ?? "";
  }

  /** The output of each gateway that was started. */
  get outputs(): string[] {
    return this.#started.map((gateway) => gateway.output());
  }

  async start(): Promise<void> {
    const port = this.#started[0]?.port;
    this.#current = startGateway(port === undefined ? this.#options : { ...this.#options, port });
    this.#started.push(await this.#current);
  }

  /** Kills the whole process tree (`kill -9`) and starts again. */
  async killAndRestart(): Promise<Outage> {
    const killedAt = Date.now();
    await this.end("kill");
    const goneAt = Date.now();
    await this.start();
    const outage = { killedAt, goneAt, upAt: Date.now() };
    this.outages.push(outage);
    return outage;
  }

  /** Ends the current gateway, if there is one. Waits for a start that is in progress, so that no process is left behind. */
  async end(how: "stop" | "kill"): Promise<void> {
    const current = this.#current;
    this.#current = null;
    const gateway = await current?.catch(() => null);
    await gateway?.[how]();
  }
}
