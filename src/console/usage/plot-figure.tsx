// A plot with its title, its legend and the figures of the day under the pointer. The code that draws is loaded when it is first needed.

import { useEffect, useRef, useState } from "preact/hooks";
import { shortDay } from "../ui/formats.ts";
import type { Plot, PlotSpec } from "./plots.ts";

interface PlotFigureProps {
  readonly title: string;
  /** Another object draws the plot again. */
  readonly spec: PlotSpec;
  readonly legend: readonly { readonly color: string; readonly name: string }[];
  /** The figures of a day, by its index. */
  describe(index: number): string;
}

export function PlotFigure({ title, spec, legend, describe }: PlotFigureProps) {
  const canvas = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let plot: Plot | null = null;
    let removed = false;
    let draw: () => void = () => undefined;
    const observer = new ResizeObserver(() => plot?.resize(element.clientWidth));
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => draw();
    import("./plots.ts").then(
      ({ drawPlot }) => {
        if (removed) return;
        draw = () => {
          plot?.destroy();
          plot = drawPlot(spec, element, element.clientWidth, setHovered);
        };
        draw();
        observer.observe(element);
        scheme.addEventListener("change", redraw);
      },
      () => setFailed(true),
    );
    return () => {
      removed = true;
      observer.disconnect();
      scheme.removeEventListener("change", redraw);
      plot?.destroy();
    };
  }, [spec]);

  const day = hovered === null ? undefined : spec.days[hovered];
  return (
    <figure class="card plot">
      <figcaption>
        <h2>{title}</h2>
        <span class="quiet number">
          {hovered === null || day === undefined ? null : `${shortDay(day)}: ${describe(hovered)}`}
        </span>
      </figcaption>
      <div
        ref={canvas}
        class="canvas"
        role="img"
        aria-label={`${title}, drawn. The table on this page has the numbers.`}
      />
      {failed ? <p class="quiet">The plot could not be loaded. The table on this page has the numbers.</p> : null}
      <ul class="legend-list">
        {legend.map(({ color, name }) => (
          <li key={name}>
            <span class="dot" style={{ background: `var(${color})` }} aria-hidden="true" />
            {name}
          </li>
        ))}
      </ul>
    </figure>
  );
}
