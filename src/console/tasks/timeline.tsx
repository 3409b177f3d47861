// A task's timeline: drawn to scale, with a legend, and as a table. The geometry is in `timeline-rows.ts`. Webhook attempts are in the
// drawing; their table, with the responses, is in the webhook's card.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Task, TimelineEntry } from "../api/wire.ts";
import { useNow } from "../ui/clock.ts";
import { clock, duration, moment, offset, plural } from "../ui/formats.ts";
import { isFinal } from "./task-status.tsx";
import type { Mark, Panel, TimelineRow, Tone } from "./timeline-rows.ts";
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
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the focus to be scrolled by keyboard
        <section class="scroll tall" tabIndex={0} aria-label="Events, scrolls">
          {table}
        </section>
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

const SPAN_NAMES: readonly (readonly [tone: Tone, name: string])[] = [
  ["quiet", "In the gateway"],
  ["busy", "With the upstream"],
  ["good", "Solution best used"],
  ["aging", "Solution still valid"],
];

const MARK_NAMES: readonly (readonly [tone: Tone, name: string])[] = [
  ["busy", "Request to the upstream"],
  ["good", "Success"],
  ["aging", "Held"],
  ["bad", "Failure"],
  ["next", "Planned"],
];

/** Names the colors that the drawing uses. */
function Legend({ panels }: { readonly panels: readonly Panel[] }) {
  const rows = panels.flatMap((panel) => panel.rows);
  const spans = new Set(rows.flatMap((row) => row.spans.map(({ tone }) => tone)));
  const marks = new Set(rows.flatMap((row) => row.marks.map(({ tone }) => tone)));
  if (rows.length === 0) return null;
  return (
    <ul class="timeline-legend" aria-label="Legend">
      {SPAN_NAMES.map(([tone, name]) =>
        spans.has(tone) ? (
          <li key={name}>
            <span class={`swatch span ${tone}`} aria-hidden="true" />
            {name}
          </li>
        ) : null,
      )}
      {MARK_NAMES.map(([tone, name]) =>
        marks.has(tone) ? (
          <li key={name}>
            <span class={`swatch mark ${tone}`} aria-hidden="true" />
            {name}
          </li>
        ) : null,
      )}
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
      {row.marks.map((mark) => (
        <MarkDrawing
          key={mark.event ?? "next"}
          mark={mark}
          active={active !== null && mark.event === active}
          onActive={onActive}
        />
      ))}
    </>
  );
}

interface MarkProps {
  readonly mark: Mark;
  readonly active: boolean;
  onActive(event: number | null): void;
}

function MarkDrawing({ mark, active, onActive }: MarkProps) {
  const { shape, x, width, tone, label, event } = mark;
  const shared = {
    class: `event ${tone}${active ? " active" : ""}`,
    onMouseEnter: () => onActive(event),
    onMouseLeave: () => onActive(null),
  };
  const title = <title>{label}</title>;
  return shape === "point" ? (
    <circle {...shared} cx={x} cy={ROW_HEIGHT / 2} r="5">
      {title}
    </circle>
  ) : (
    <rect
      {...shared}
      x={x}
      y={(ROW_HEIGHT - BAR_HEIGHT) / 2}
      width={Math.max(width, MIN_MARK_WIDTH)}
      height={BAR_HEIGHT}
      rx="1.5"
    >
      {title}
    </rect>
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
    <table class="table events">
      <caption class="visually-hidden">Events of the task, oldest first</caption>
      <thead>
        <tr>
          <th scope="col">After</th>
          <th scope="col">Event</th>
          <th scope="col">Result</th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col" class="number cell-clock">
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ event, index }) => (
          <tr
            key={index}
            class={active === index ? "active" : undefined}
            onMouseEnter={() => onActive(index)}
            onMouseLeave={() => onActive(null)}
          >
            <td class="cell-offset">{offset(beginningOf(event) - createdAt)}</td>
            <td class="cell-event">
              <span class={`dot ${toneOf(event)}`} aria-hidden="true" />
              {wordsOf(event)}
            </td>
            <td class="cell-result">{resultOf(event)}</td>
            <td class="number">{event.durationMs === undefined ? "" : duration(event.durationMs)}</td>
            <td class="number cell-clock">
              <time dateTime={event.at} title={moment(Date.parse(event.at))}>
                {clock(Date.parse(event.at))}
              </time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
