// Shows a watched value: a placeholder while it is loaded for the first time, and the failure of the last load.

import type { ComponentChildren } from "preact";
import type { Watched } from "../refresh/watch.ts";
import { FailureNotice } from "./controls.tsx";
import { Skeleton } from "./surfaces.tsx";

interface LoadedProps<T> {
  readonly watched: Watched<T>;
  /** Lines of the placeholder. */
  readonly lines: number;
  /** Shown instead of the failure where there is no such thing (404). */
  readonly absent?: ComponentChildren;
  children(value: T): ComponentChildren;
}

export function Loaded<T>({ watched, lines, absent, children }: LoadedProps<T>) {
  const { value, failure, nextAt, refresh } = watched;
  if (value === null && failure?.status === 404 && absent !== undefined) return <>{absent}</>;
  return (
    <>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? failure === null && <Skeleton lines={lines} /> : children(value)}
    </>
  );
}
