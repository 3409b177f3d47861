// The parts of views: headings, cards, figures, facts, badges, empty states and placeholders.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Mode } from "../../client/index.ts";
import { CopyButton } from "./controls.tsx";

interface HeadingProps {
  readonly children: ComponentChildren;
  /** Shown under the name. */
  readonly id?: string;
  readonly aside?: ComponentChildren;
}

/** Whether the next heading takes the focus: its view was opened while its code is still loading. */
let focusNext = false;

/** Focuses the heading of the opened view, now or when it is rendered. */
export function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("main h1");
  focusNext = heading === null;
  heading?.focus({ preventScroll: true });
}

/** The heading of a view. It takes the focus when the view is opened, so that a screen reader begins there. */
export function Heading({ children, id, aside }: HeadingProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focusNext) heading.current?.focus({ preventScroll: true });
    focusNext = false;
  }, []);
  return (
    <div class="heading">
      <div>
        <h1 ref={heading} tabIndex={-1}>
          {children}
        </h1>
        {id === undefined ? null : (
          <p class="heading-id">
            <code>{id}</code>
            <CopyButton text={id} what="the id" />
          </p>
        )}
      </div>
      {aside === undefined ? null : <div class="heading-aside">{aside}</div>}
    </div>
  );
}

interface CardProps {
  readonly title: ComponentChildren;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of a view, under its own heading. */
export function Card({ title, aside, children }: CardProps) {
  return (
    <section class="card">
      {aside === undefined ? (
        <h2>{title}</h2>
      ) : (
        <div class="bar">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

/** A card that is folded until its title is clicked. */
export function Disclosure({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <details class="card">
      <summary>
        <h2>{title}</h2>
      </summary>
      {children}
    </details>
  );
}

/** Shown in place of an empty list, with what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Gray bars while something loads for the first time. */
export function Skeleton({ lines }: { readonly lines: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} class="bone" />
      ))}
    </div>
  );
}

/** Whether something is live or test. */
export function ModeBadge({ mode }: { readonly mode: Mode }) {
  return <span class={`mode ${mode}`}>{mode === "test" ? "Test mode" : "Live mode"}</span>;
}

/** A colored dot and a word: never a color alone. */
export function Badge({ tone, children }: { readonly tone: string; readonly children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <span class="dot" aria-hidden="true" />
      {children}
    </span>
  );
}

/** A cell without a value: a dash on the screen, and a word for screen readers. */
export function None() {
  return (
    <span class="quiet none">
      <span aria-hidden="true">–</span>
      <span class="visually-hidden">None</span>
    </span>
  );
}

interface FigureProps {
  readonly name: string;
  readonly title?: string | undefined;
  /** A second, smaller line. */
  readonly more?: string | undefined;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** A figure of a `<dl class="figures">`. */
export function Figure({ name, title, more, wide = false, children }: FigureProps) {
  return (
    <div class={`figure${wide ? " wide" : ""}`} title={title}>
      <dt>{name}</dt>
      <dd class={more === undefined ? undefined : "large"}>{children}</dd>
      {more === undefined ? null : <dd class="more">{more}</dd>}
    </div>
  );
}

interface FactProps {
  readonly name: string;
  readonly copy?: string | undefined;
  readonly mono?: boolean;
  readonly children: ComponentChildren;
}

/** A name and its value in a `<dl class="facts">`; long values wrap. */
export function Fact({ name, copy, mono, children }: FactProps) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>
        <span class={mono === true ? "mono" : undefined}>{children}</span>
        {copy === undefined ? null : <CopyButton text={copy} what={name} />}
      </dd>
    </div>
  );
}

/** A share from 0 to 1 as a bar. The caller writes the number beside it. */
export function Share({ share, tone }: { readonly share: number; readonly tone: string }) {
  return (
    <span class="meter" aria-hidden="true">
      <span class={tone} style={{ width: `${share * 100}%` }} />
    </span>
  );
}

interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
}

/** How much of a limit is used. The caller writes the numbers beside it. */
export function Meter({ label, value, max }: MeterProps) {
  const share = max === 0 ? 1 : Math.min(value / max, 1);
  const tone = share >= 1 ? "bad" : share >= 0.8 ? "aging" : "good";
  return (
    <>
      <meter class="visually-hidden" aria-label={label} min={0} max={Math.max(max, 1)} value={Math.min(value, max)} />
      {/* A meter element can't be styled in all browsers. */}
      <Share share={share} tone={tone} />
    </>
  );
}
