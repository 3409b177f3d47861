// The console's connection to the event stream: opened for the first view that needs it, shared, and closed after the last one.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EventStream, type OpenStream, type StreamEvent } from "../../src/console/refresh/event-stream.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Connection {
  readonly signal: AbortSignal;
  event(event: StreamEvent): void;
  connection(connected: boolean): void;
  /** The connection is lost for good. */
  fail(): void;
}

/** A stream and the connections that it opened. */
function setUp() {
  const opened: Connection[] = [];
  const open: OpenStream = (signal, event, connection) =>
    new Promise((_resolve, reject) => {
      opened.push({ signal, event, connection, fail: () => reject(new Error("lost")) });
    });
  return { stream: new EventStream(open), opened };
}

function listener() {
  const heard: (StreamEvent | boolean)[] = [];
  return {
    heard,
    onEvent: (event: StreamEvent) => void heard.push(event),
    onConnection: (connected: boolean) => void heard.push(connected),
  };
}

const EVENT: StreamEvent = { type: "task.ready", taskId: "tsk_1" };

it("opens one connection for all views, and reports it and its events to each", () => {
  const { stream, opened } = setUp();
  const [first, second] = [listener(), listener()];
  stream.subscribe(first);
  stream.subscribe(second);
  expect(opened).toHaveLength(1);
  opened[0]?.connection(true);
  opened[0]?.event(EVENT);
  for (const { heard } of [first, second]) expect(heard).toEqual([true, EVENT]);
  expect(stream.connected).toBe(true);
});

it("keeps the connection from one view to the next, and closes it when none follows", () => {
  const { stream, opened } = setUp();
  stream.subscribe(listener())();
  vi.advanceTimersByTime(1_000);
  const leave = stream.subscribe(listener());
  vi.advanceTimersByTime(60_000);
  expect(opened[0]?.signal.aborted).toBe(false);
  leave();
  vi.advanceTimersByTime(10_000);
  expect(opened[0]?.signal.aborted).toBe(true);
  expect(opened).toHaveLength(1);
});

it("reports a connection that ended, and opens another one after a minute", async () => {
  const { stream, opened } = setUp();
  const view = listener();
  stream.subscribe(view);
  opened[0]?.connection(true);
  opened[0]?.fail();
  await vi.advanceTimersByTimeAsync(59_000);
  expect(view.heard).toEqual([true, false]);
  expect(opened).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(opened).toHaveLength(2);
});

it("hears nothing of a connection that it closed", () => {
  const { stream, opened } = setUp();
  const view = listener();
  stream.subscribe(view);
  stream.close();
  opened[0]?.connection(true);
  opened[0]?.event(EVENT);
  expect(view.heard).toEqual([]);
});
