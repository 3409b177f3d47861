// Time as a test sets it. Only `Date` is faked, and it stands years ahead of the machine's clock: no alarm ever rings by itself, and
// the first steps of an accepted task are held until the test rings. So every step of an object is one that the test asked for.
// Timers stay real.

import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, vi } from "vitest";
import type { AlertObject } from "../../src/alerts/object.ts";
import type { TaskObject } from "../../src/tasks/object.ts";
import { TaskState } from "../../src/tasks/state.ts";
import type { TenantObject } from "../../src/tenants/object.ts";
import type { UpstreamObject } from "../../src/upstream/object.ts";

/** Where the clock of a test begins: mid-month, so that no test crosses a month unless it means to. */
export const START = Date.UTC(2035, 4, 15, 12);

/** How often (ms of real time) `eventually` looks, and how often at the most: two seconds in all. */
const LOOK_MS = 1;
const MAX_LOOKS = 2_000;

/** Alarms of one `runUntil`: more than any task of these tests has, so that an object that spins fails instead of hanging. */
const MAX_RINGS = 200;

/** Hex digits of an object's id, with which a task's id begins. */
const OBJECT_ID_LENGTH = 64;

/** Every class of object: each has an alarm. */
export type AnyObject = TaskObject | TenantObject | UpstreamObject | AlertObject;
export type AnyStub =
  | DurableObjectStub<TaskObject>
  | DurableObjectStub<TenantObject>
  | DurableObjectStub<UpstreamObject>
  | DurableObjectStub<AlertObject>;

/** Tasks whose first steps are held, by the id of their object. */
const heldTasks = new Map<string, { readonly acceptedAt: number; readonly steps: () => Promise<void> }>();

let tests = 0;

/** Counts the tests that have stopped the clock. */
export const testNumber = (): number => tests;

/** Stops the clock at `at`. Undone by `releaseTime`. */
export function freezeTime(at: number = START): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(at);
  heldTasks.clear();
  tests += 1;
  vi.spyOn(TaskState.prototype, "afterAnswer").mockImplementation(async function (this: TaskState, steps) {
    const { record } = this;
    if (record !== null) heldTasks.set(record.id.slice(0, OBJECT_ID_LENGTH), { acceptedAt: record.createdAt, steps });
  });
}

/** Gives the real clock back. */
export function releaseTime(): void {
  vi.useRealTimers();
}

/** Registers the hooks of a test file: before each test the clock stops at `START` and `prepare` runs, and after it all storage is wiped. */
export function useFrozenTime(prepare: () => unknown = () => undefined): void {
  beforeEach(async () => {
    freezeTime();
    await prepare();
  });
  afterEach(async () => {
    releaseTime();
    // First the objects: until they are gone, they may still call what a test has replaced.
    await reset();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
}

/** Lets `ms` go by. No alarm rings for it. */
export function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Waits in real time, with the test's clock standing still, for what another object does by itself. */
export async function eventually(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error("it did not happen");
}

/** Evicts an object: its memory is lost and its storage remains. */
export async function evict(stub: AnyStub): Promise<void> {
  heldTasks.delete(stub.id.toString());
  // Only an object in memory can be evicted, so it is loaded first.
  await withState(stub, () => undefined);
  await evictDurableObject(stub);
}

/** Aborts an object at once. What it wrote is on disk. The stub is broken from then on. */
export async function crash(stub: AnyStub): Promise<void> {
  await withState(stub, async (state) => {
    await state.storage.sync();
    state.abort("a crash of the tests");
  }).catch(() => null);
}

/** When the alarm of an object is to ring, or null where none is set. */
export function alarmOf(stub: AnyStub): Promise<number | null> {
  return withState(stub, (state) => state.storage.getAlarm());
}

/** Deletes the alarm behind the object's back, as a platform that loses it would. */
export function loseAlarm(stub: AnyStub): Promise<void> {
  return withState(stub, (state) => state.storage.deleteAlarm());
}

/**
 * Runs the first steps of a task, if they are held. Otherwise rings the alarm that is set, whenever it was due, and returns whether there
 * was one. As on the platform, the alarm is gone when
 * its handler begins, and the handler receives the time at which it was due, which an evicted object needs for recovery.
 */
export async function ring(stub: AnyStub): Promise<boolean> {
  if (await runFirstSteps(stub)) return true;
  const scheduledTime = await alarmOf(stub);
  if (scheduledTime === null) return false;
  await loseAlarm(stub);
  await handleAlarm(stub, scheduledTime, 0);
  return true;
}

/** Runs the alarm's handler once more for an alarm whose handler did not end: the platform's retry. */
export function ringAgain(stub: AnyStub, scheduledTime: number): Promise<void> {
  return handleAlarm(stub, scheduledTime, 1);
}

/** Runs the first steps of a task, if they are held. Returns whether they were. */
export async function runFirstSteps(stub: AnyStub): Promise<boolean> {
  const held = heldTasks.get(stub.id.toString());
  if (held === undefined) return false;
  heldTasks.delete(stub.id.toString());
  await runInDurableObject<AnyObject, void>(stub, () => held.steps());
  return true;
}

/** When the first steps of a task run, if they are held, or its alarm rings. Null where none is set. */
export async function nextRing(stub: AnyStub): Promise<number | null> {
  const held = heldTasks.get(stub.id.toString());
  return held === undefined ? alarmOf(stub) : held.acceptedAt + 1;
}

/** Sets the clock to the time of the first steps or of the alarm, unless it is past, and rings. Returns that time. */
export async function ringOnTime(stub: AnyStub): Promise<number> {
  const at = await nextRing(stub);
  if (at === null) throw new Error("no alarm is set");
  vi.setSystemTime(Math.max(at, Date.now()));
  await ring(stub);
  return at;
}

/** Rings every alarm on time until none is due at or before `until`; the clock then shows `until`. Returns when they rang. */
export async function runUntil(stub: AnyStub, until: number): Promise<number[]> {
  const rung: number[] = [];
  for (;;) {
    const at = await nextRing(stub);
    if (at === null || at > until) break;
    if (rung.length === MAX_RINGS) throw new Error(`the alarm rang ${MAX_RINGS} times before its time`);
    rung.push(await ringOnTime(stub));
  }
  vi.setSystemTime(Math.max(until, Date.now()));
  return rung;
}

/** Lets every timer of at least `fromMs` run out at once, in the object that set it. Returns the delays (ms) that were asked for. */
export function hastenTimers(fromMs: number): number[] {
  const asked: number[] = [];
  const start = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation((callback: () => void, ms = 0) => {
    if (ms < fromMs) return start(callback, ms);
    asked.push(ms);
    return start(callback, 0);
  });
  return asked;
}

function withState<T>(stub: AnyStub, read: (state: DurableObjectState) => T | Promise<T>): Promise<T> {
  return runInDurableObject<AnyObject, T>(stub, (_object, state) => read(state));
}

function handleAlarm(stub: AnyStub, scheduledTime: number, retryCount: number): Promise<void> {
  return runInDurableObject<AnyObject, void>(stub, (object) =>
    object.alarm({ scheduledTime, retryCount, isRetry: retryCount > 0 }),
  );
}
