// The calls that a tenant's key may make, by the client. Each resolves to a Result.

import { Solvegate } from "../../client/index.ts";
import { CLIENT_SETTINGS } from "./client-settings.ts";
import { type Result, resultOf } from "./failure.ts";
import type {
  Account,
  AuditList,
  CreatedKey,
  CurrentKey,
  Endpoint,
  EndpointTest,
  Key,
  NewKey,
  NewTask,
  Page,
  Task,
  TaskFilter,
  TaskList,
  TimelineEntry,
  UsageDay,
  WebhookSecret,
} from "./wire.ts";

/** Entries of a page of the audit log. */
export const AUDIT_PAGE = 50;

export class TenantApi {
  readonly #client: Solvegate;

  constructor(key: string) {
    this.#client = new Solvegate({ ...CLIENT_SETTINGS, apiKey: key });
  }

  get client(): Solvegate {
    return this.#client;
  }

  currentKey = (signal?: AbortSignal): Promise<Result<CurrentKey>> =>
    resultOf(this.#client.keys.current({ signal }), signal);
  account = (signal?: AbortSignal): Promise<Result<Account>> => resultOf(this.#client.account({ signal }), signal);

  tasks = (filter: TaskFilter, page: Page, signal?: AbortSignal): Promise<Result<TaskList>> =>
    resultOf(
      this.#client.tasks.page({ ...filter, limit: page.limit, cursor: page.cursor ?? undefined, signal }),
      signal,
    );
  task = (id: string, signal?: AbortSignal): Promise<Result<Task>> =>
    resultOf(this.#client.tasks.get(id, { signal }), signal);
  events = (id: string, signal?: AbortSignal): Promise<Result<TimelineEntry[]>> =>
    resultOf(this.#client.tasks.events(id, { signal }), signal);
  /** @param idempotencyKey makes it safe to repeat a call whose response was lost @param waitSeconds long poll */
  createTask = (body: NewTask, idempotencyKey: string, waitSeconds = 0): Promise<Result<Task>> =>
    resultOf(this.#client.tasks.create(body, { idempotencyKey, waitSeconds }));
  cancelTask = (id: string): Promise<Result<Task>> => resultOf(this.#client.tasks.cancel(id));
  redeliver = (id: string): Promise<Result<Task>> => resultOf(this.#client.tasks.redeliver(id));

  usage = (signal?: AbortSignal): Promise<Result<UsageDay[]>> =>
    resultOf(this.#client.usage({ groupBy: "key" }, { signal }), signal);

  endpoint = (signal?: AbortSignal): Promise<Result<Endpoint>> =>
    resultOf(this.#client.webhook.get({ signal }), signal);
  setEndpoint = (url: string): Promise<Result<Endpoint>> => resultOf(this.#client.webhook.set(url));
  deleteEndpoint = (): Promise<Result<void>> => resultOf(this.#client.webhook.delete());
  testEndpoint = (): Promise<Result<EndpointTest>> => resultOf(this.#client.webhook.test());
  webhookSecrets = (): Promise<Result<WebhookSecret>> => resultOf(this.#client.webhook.secret());
  rotateSecret = (overlapSeconds: number): Promise<Result<unknown>> =>
    resultOf(this.#client.webhook.rotate({ overlapSeconds }));

  keys = (signal?: AbortSignal): Promise<Result<Key[]>> => resultOf(this.#client.keys.list({ signal }), signal);
  createKey = (body: NewKey): Promise<Result<CreatedKey>> => resultOf(this.#client.keys.create(body));
  revokeKey = (id: string): Promise<Result<void>> => resultOf(this.#client.keys.revoke(id));
  rotateKey = (id: string, overlapSeconds: number): Promise<Result<CreatedKey>> =>
    resultOf(this.#client.keys.rotate(id, { overlapSeconds }));

  audit = (cursor: string | null, signal?: AbortSignal): Promise<Result<AuditList>> =>
    resultOf(this.#client.audit.page({ limit: AUDIT_PAGE, cursor: cursor ?? undefined, signal }), signal);
}
