// A task's timeline: drawn to scale, with a legend, and as a table. The geometry is in `timeline-rows.ts`. Webhook attempts are in the
// drawing; their table, with the responses, is in the webhook's card.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Task, TimelineEntry } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
import { useNow } from "../ui/clock.ts";
import { clock, duration, moment, offset, plural } from "../ui/formats.ts";
import { Scroll, Table } from "../ui/table.tsx";
import type { Panel, TimelineRow, Tone } from "./timeline-rows.ts";
import { beginningOf, isWebhookAttempt, panelsOf, resultOf, toneOf, wordsOf } from "./timeline-rows.ts";

/** Measures of the drawing (px). */
const NAME_WIDTH = 72;
const ROW_HEIGHT = 32;
const BAR_HEIGHT = 20;
const AXIS_HEIGHT = 24;
const EDGE = 8;
/** Shorter requests are drawn this wide, to be visible. */
const MIN_MARK_WIDTH = 3;
/** A longer table scrolls in its card: a task of five minutes has a hundred polls. */
const MAX_TABLE_ROWS = 16;
/** With reduced motion the present moves once a second. */
const REDUCED_MOTION = matchMedia("(prefers-reduced-motion: reduce)").matches;
/** Width of a character (px): a label that does not fit its span is only its tooltip. */
const CHARACTER_WIDTH = 6.5;

interface TimelineProps {
  readonly task: Task;
  readonly events: readonly TimelineEntry[];
}

export function Timeline({ task, events }: TimelineProps) {
  const now = useNow(isFinal(task.status) || REDUCED_MOTION ? 1_000 : 250);
  const [active, setActive] = useState<number | null>(null);
  const [frame, width] = useWidth();
  const inner = Math.max(width - NAME_WIDTH - EDGE, 0);
  const panels = inner > 0 ? panelsOf(task, events, now, inner) : [];
  const rows = events.flatMap((event, index) => (isWebhookAttempt(event) ? [] : [{ event, index }]));
  const table = <EventTable task={task} rows={rows} active={active} onActive={setActive} />;
  return (
    <section class="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <div ref={frame} class="panels">
        {panels.map((panel) => (
          <PanelDrawing key={panel.name} panel={panel} active={active} onActive={setActive} />
        ))}
        <Legend panels={panels} />
      </div>
      {rows.length > MAX_TABLE_ROWS ? (
        <Scroll label="Events" class="tall">
          {table}
        </Scroll>
      ) : (
        table
      )}
    </section>
  );
}

/** The width of an element (px) as it changes; 0 until it is known. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width] as const;
}

const NAMES: readonly (readonly [kind: "span" | "mark", tone: Tone, name: string])[] = [
  ["span", "quiet", "In the gateway"],
  ["span", "busy", "With the upstream"],
  ["span", "good", "Solution best used"],
  ["span", "aging", "Solution still valid"],
  ["mark", "busy", "Request to the upstream"],
  ["mark", "good", "Success"],
  ["mark", "aging", "Held"],
  ["mark", "bad", "Failure"],
  ["mark", "next", "Planned"],
];

/** Names the colors that the drawing uses. */
function Legend({ panels }: { readonly panels: readonly Panel[] }) {
  const rows = panels.flatMap((panel) => panel.rows);
  const used = new Set(
    rows.flatMap(({ spans, marks }) => [
      ...spans.map(({ tone }) => `span ${tone}`),
      ...marks.map(({ tone }) => `mark ${tone}`),
    ]),
  );
  return (
    <ul class="legend-list" aria-label="Legend">
      {NAMES.filter(([kind, tone]) => used.has(`${kind} ${tone}`)).map(([kind, tone, name]) => (
        <li key={name}>
          <span class={`swatch ${kind} ${tone}`} aria-hidden="true" />
          {name}
        </li>
      ))}
    </ul>
  );
}

interface PanelProps {
  readonly panel: Panel;
  readonly active: number | null;
  onActive(event: number | null): void;
}

function PanelDrawing({ panel, active, onActive }: PanelProps) {
  const { name, axis, rows, nowX } = panel;
  const height = rows.length * ROW_HEIGHT + AXIS_HEIGHT;
  const summary = rows.map((row) => `${row.name}: ${plural(row.marks.length, "event", "events")}`).join(", ");
  return (
    <figure class="panel">
      <figcaption>
        <h3>{name}</h3>
        <span class="quiet number">{duration(axis.to - axis.from)}, to scale</span>
      </figcaption>
      <svg
        class="drawing"
        width={axis.width + NAME_WIDTH + EDGE}
        height={height}
        role="img"
        aria-label={`${name}, ${duration(axis.to - axis.from)}. ${summary}. The tables on this page list each event.`}
      >
        <g transform={`translate(${NAME_WIDTH} 0)`}>
          {axis.ticks.map(({ x, label }) => (
            <g key={label} transform={`translate(${x} 0)`}>
              <line class="tick" y2={height - AXIS_HEIGHT} />
              <text
                class="tick-label"
                y={height - 6}
                text-anchor={x > axis.width - 16 ? "end" : x < 8 ? "start" : "middle"}
              >
                {label}
              </text>
            </g>
          ))}
          {rows.map((row, index) => (
            <g key={row.name} transform={`translate(0 ${index * ROW_HEIGHT})`}>
              <RowDrawing row={row} active={active} onActive={onActive} />
            </g>
          ))}
          {nowX === null ? null : <line class="now" x1={nowX} x2={nowX} y2={height - AXIS_HEIGHT} />}
        </g>
      </svg>
    </figure>
  );
}

function RowDrawing({ row, active, onActive }: Omit<PanelProps, "panel"> & { readonly row: TimelineRow }) {
  const top = (ROW_HEIGHT - BAR_HEIGHT) / 2;
  return (
    <>
      <text class="row-name" x={-NAME_WIDTH} y={ROW_HEIGHT / 2 + 4}>
        {row.name}
      </text>
      {row.spans.map(({ x, width, tone, label }) => (
        <g key={label}>
          <rect class={`span ${tone}`} x={x} y={top} width={Math.max(width, 2)} height={BAR_HEIGHT} rx="4">
            <title>{label}</title>
          </rect>
          {row.marks.length === 0 && width > label.length * CHARACTER_WIDTH + 16 ? (
            <text class={`span-label ${tone}`} x={x + 8} y={ROW_HEIGHT / 2 + 4}>
              {label}
            </text>
          ) : null}
        </g>
      ))}
      {row.marks.map(({ shape, x, width, tone, label, event }) => {
        const hover = { onMouseEnter: () => onActive(event), onMouseLeave: () => onActive(null) };
        const size =
          shape === "point"
            ? { x: x - 5, y: ROW_HEIGHT / 2 - 5, width: 10, height: 10, rx: 5 }
            : { x, y: top, width: Math.max(width, MIN_MARK_WIDTH), height: BAR_HEIGHT, rx: 1.5 };
        return (
          <rect
            key={event ?? "next"}
            class={`event ${tone}${event !== null && event === active ? " active" : ""}`}
            {...size}
            {...hover}
          >
            <title>{label}</title>
          </rect>
        );
      })}
    </>
  );
}

interface EventTableProps {
  readonly task: Task;
  /** The events with their indexes in the whole timeline. */
  readonly rows: readonly { readonly event: TimelineEntry; readonly index: number }[];
  readonly active: number | null;
  onActive(event: number | null): void;
}

function EventTable({ task, rows, active, onActive }: EventTableProps) {
  const createdAt = Date.parse(task.createdAt);
  return (
    <Table
      class="events"
      caption="Events of the task, oldest first"
      rows={rows}
      rowProps={({ index }) => ({
        class: active === index ? "active" : undefined,
        onMouseEnter: () => onActive(index),
        onMouseLeave: () => onActive(null),
      })}
      columns={[
        { name: "After", class: "cell-offset", cell: ({ event }) => offset(beginningOf(event) - createdAt) },
        {
          name: "Event",
          class: "cell-event",
          cell: ({ event }) => (
            <>
              <span class={`dot ${toneOf(event)}`} aria-hidden="true" />
              {wordsOf(event)}
            </>
          ),
        },
        { name: "Result", class: "cell-result", cell: ({ event }) => resultOf(event) },
        {
          name: "Took",
          number: true,
          cell: ({ event: { durationMs } }) => (durationMs === undefined ? "" : duration(durationMs)),
        },
        {
          name: "Time",
          class: "cell-clock",
          number: true,
          cell: ({ event: { at } }) => (
            <time dateTime={at} title={moment(Date.parse(at))}>
              {clock(Date.parse(at))}
            </time>
          ),
        },
      ]}
    />
  );
}
