// A task's timeline: drawn to scale for the eye, and the same as a table for everybody. The drawing's geometry is `rows.ts`; here it
// becomes SVG at the width that there is. Refuses to be the only place where something is told: each mark is a row of the table.

import { useEffect, useRef, useState } from "preact/hooks";
import { isFinal } from "../../tasks/status.ts";
import type { Task, TimelineEvent } from "../api/answers.ts";
import { useNow } from "../ui/clock.ts";
import { clock, duration, moment, offset, plural } from "../ui/formats.ts";
import type { Mark, Panel, TimelineRow } from "./timeline-rows.ts";
import { beginningOf, panelsOf, resultOf, toneOf, wordsOf } from "./timeline-rows.ts";

/** Measures of the drawing (px). */
const NAME_WIDTH = 72;
const ROW_HEIGHT = 32;
const BAR_HEIGHT = 20;
const AXIS_HEIGHT = 24;
const EDGE = 8;
/** What is shorter than this on its scale is drawn this wide, or nobody would see it. */
const LEAST_MARK = 3;
/** Rows beyond which the table scrolls by itself: a task of five minutes has a hundred polls. */
const MOST_ROWS = 16;
/** Whoever asked for less motion gets a needle that steps once a second. */
const CALM = matchMedia("(prefers-reduced-motion: reduce)").matches;
/** Widths of a character (px): a label that does not fit its span is left to the tooltip. */
const CHARACTER = 6.5;

interface TimelineProps {
  readonly task: Task;
  readonly events: readonly TimelineEvent[];
}

export function Timeline({ task, events }: TimelineProps) {
  const now = useNow(isFinal(task.status) || CALM ? 1_000 : 250);
  const [active, setActive] = useState<number | null>(null);
  const [frame, width] = useWidth();
  const inner = Math.max(width - NAME_WIDTH - EDGE, 0);
  return (
    <section class="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <div ref={frame} class="panels">
        {inner > 0
          ? panelsOf(task, events, now, inner).map((panel) => (
              <PanelDrawing key={panel.name} panel={panel} active={active} onActive={setActive} />
            ))
          : null}
      </div>
      {events.length > MOST_ROWS ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the focus, or no keyboard can scroll it
        <section class="scroll tall" tabIndex={0} aria-label="Events, scrolls">
          <EventTable task={task} events={events} active={active} onActive={setActive} />
        </section>
      ) : (
        <EventTable task={task} events={events} active={active} onActive={setActive} />
      )}
    </section>
  );
}

/** The width of an element (px), followed as it changes; 0 until it is known. */
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
        aria-label={`${name}, ${duration(axis.to - axis.from)}. ${summary}. The table below tells each.`}
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

function RowDrawing({
  row,
  active,
  onActive,
}: Pick<PanelProps, "active" | "onActive"> & { readonly row: TimelineRow }) {
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
          {row.marks.length === 0 && width > label.length * CHARACTER + 16 ? (
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
  return shape === "moment" ? (
    <circle {...shared} cx={x} cy={ROW_HEIGHT / 2} r="5">
      {title}
    </circle>
  ) : (
    <rect
      {...shared}
      x={x}
      y={(ROW_HEIGHT - BAR_HEIGHT) / 2}
      width={Math.max(width, LEAST_MARK)}
      height={BAR_HEIGHT}
      rx="1.5"
    >
      {title}
    </rect>
  );
}

interface EventTableProps extends TimelineProps {
  readonly active: number | null;
  onActive(event: number | null): void;
}

function EventTable({ task, events, active, onActive }: EventTableProps) {
  const createdAt = Date.parse(task.createdAt);
  const { webhook } = task;
  return (
    <table class="table events">
      <caption class="visually-hidden">The timeline's events, oldest first</caption>
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
        {events.map((event, index) => (
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
        {webhook === null || webhook.nextAttemptAt === null || task.finishedAt === null ? null : (
          <tr>
            <td class="cell-offset">{offset(Date.parse(webhook.nextAttemptAt) - createdAt)}</td>
            <td class="cell-event">
              <span class="dot next" aria-hidden="true" />
              Next webhook attempt
            </td>
            <td class="cell-result">Planned</td>
            <td />
            <td class="number cell-clock">
              <time dateTime={webhook.nextAttemptAt}>{clock(Date.parse(webhook.nextAttemptAt))}</time>
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
