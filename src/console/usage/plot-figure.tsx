// One plot of the overview with its title, its legend and the day under the pointer. Loads the plotting code when it is first needed;
// until then, and where that fails, the numbers are in the table below.

import { useEffect, useRef, useState } from "preact/hooks";
import type { UsageDay } from "../api/answers.ts";
import { duration, percent, shortDay } from "../ui/formats.ts";
import type { Plot, PlotKind } from "./plots.ts";
import { failedOf, successRateOf } from "./usage-totals.ts";

interface PlotFigureProps {
  readonly kind: PlotKind;
  readonly days: readonly UsageDay[];
}

interface Words {
  readonly title: string;
  readonly legend: readonly { readonly tone: string; readonly name: string }[];
  readonly ofDay: (day: UsageDay) => string;
}

const WORDS: Readonly<Record<PlotKind, Words>> = {
  tasks: {
    title: "Tasks per day",
    legend: [
      { tone: "good", name: "Ready" },
      { tone: "bad", name: "Failed" },
      { tone: "quiet", name: "Canceled or running" },
    ],
    ofDay: (day) => `${day.submitted} submitted, ${day.ready} ready, ${failedOf(day)} failed`,
  },
  success: {
    title: "Success rate",
    legend: [{ tone: "good", name: "Ready among ready and failed" }],
    ofDay: (day) => {
      const rate = successRateOf(day.ready, failedOf(day));
      return rate === null ? "nothing finished" : percent(rate);
    },
  },
  solve: {
    title: "Solve time",
    legend: [
      { tone: "busy", name: "p50" },
      { tone: "aging", name: "p95" },
    ],
    ofDay: ({ solveMs: { p50, p95 } }) =>
      p50 === null ? "nothing solved" : `p50 ${duration(p50)}, p95 ${p95 === null ? "none" : duration(p95)}`,
  },
};

export function PlotFigure({ kind, days }: PlotFigureProps) {
  const canvas = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [failed, setFailed] = useState(false);
  const { title, legend, ofDay } = WORDS[kind];

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let plot: Plot | null = null;
    let gone = false;
    let draw: () => void = () => undefined;
    const observer = new ResizeObserver(() => plot?.resize(element.clientWidth));
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => draw();
    import("./plots.ts").then(
      ({ drawPlot }) => {
        if (gone) return;
        draw = () => {
          plot?.destroy();
          plot = drawPlot(kind, element, days, element.clientWidth, setHovered);
        };
        draw();
        observer.observe(element);
        scheme.addEventListener("change", redraw);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      observer.disconnect();
      scheme.removeEventListener("change", redraw);
      plot?.destroy();
    };
  }, [kind, days]);

  const day = hovered === null ? undefined : days[hovered];
  return (
    <figure class="card plot">
      <figcaption>
        <h2>{title}</h2>
        <span class="quiet number">{day === undefined ? null : `${shortDay(day.day)}: ${ofDay(day)}`}</span>
      </figcaption>
      <div ref={canvas} class="canvas" role="img" aria-label={`${title}, drawn. The table of days has the numbers.`} />
      {failed ? <p class="quiet">The plot could not be loaded. The table of days has the numbers.</p> : null}
      <ul class="plot-legend">
        {legend.map(({ tone, name }) => (
          <li key={name}>
            <span class={`dot ${tone}`} aria-hidden="true" />
            {name}
          </li>
        ))}
      </ul>
    </figure>
  );
}
