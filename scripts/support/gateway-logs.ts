// Finds the gateway's log lines in wrangler's output, and formats them for a terminal.

import { styleText } from "node:util";
import { z } from "zod";

const logSchema = z.looseObject({ level: z.enum(["info", "warn", "error"]), event: z.string() });

/** A log line of the gateway. */
export type GatewayLog = z.output<typeof logSchema>;

/** The log line in a line of wrangler's output, or null. wrangler adds a prefix to warnings and errors. */
export function parseLog(line: string): GatewayLog | null {
  const start = line.indexOf("{");
  if (start === -1) return null;
  try {
    return logSchema.parse(JSON.parse(line.slice(start, line.lastIndexOf("}") + 1)));
  } catch {
    return null;
  }
}

/** Ids are cut to this length, which identifies them. */
const SHOWN_ID_LENGTH = 16;

/** A log line for a terminal. `at` is the time of the log line. */
export function readableLog(log: GatewayLog, at: Date): string {
  const time = styleText("dim", at.toTimeString().slice(0, 8));
  const text = textOf(log);
  return `${time}  ${log.level === "info" ? text : styleText(log.level === "warn" ? "yellow" : "red", text)}`;
}

function textOf(log: GatewayLog): string {
  switch (log.event) {
    case "request":
      return requestText(log);
    case "task":
      return taskText(log);
    case "configuration_warning":
      return `warning: ${String(log.warning)}`;
    default:
      return otherText(log);
  }
}

function requestText({ method, route, status, durationMs, tenantId, mode, taskId }: GatewayLog): string {
  return words(
    method,
    route,
    status,
    typeof durationMs === "number" && `${durationMs} ms`,
    owner(tenantId, mode),
    short(taskId),
  );
}

function taskText({ taskId, from, to, errorCode, upstreamCode, ageMs, polls, tenantId, mode }: GatewayLog): string {
  const change = `${String(from)} → ${String(to)}`;
  const took = typeof ageMs === "number" && `after ${(ageMs / 1_000).toFixed(1)} s and ${String(polls)} polls`;
  return words("task", change, errorCode, upstreamCode, took, owner(tenantId, mode), short(taskId));
}

/** A stack trace keeps its lines. */
function otherText({ level, event, stack, requestId: _requestId, ...fields }: GatewayLog): string {
  const pairs = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const text = words(level === "info" ? event : `${level}: ${event}`, ...pairs);
  return typeof stack === "string" ? `${text}\n${stack.split("\n").slice(1).join("\n")}` : text;
}

function words(...parts: unknown[]): string {
  return parts.filter((part) => part !== undefined && part !== null && part !== false && part !== "").join("  ");
}

function owner(tenantId: unknown, mode: unknown): string | undefined {
  return typeof tenantId === "string" ? `${tenantId}/${String(mode)}` : undefined;
}

function short(id: unknown): string | undefined {
  if (typeof id !== "string") return undefined;
  return id.length <= SHOWN_ID_LENGTH ? id : `${id.slice(0, SHOWN_ID_LENGTH)}…`;
}
