// Loads a view's code when the view is first shown.

import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Notice } from "./controls.tsx";
import { Skeleton } from "./surfaces.tsx";

/** A component whose code is loaded by `load` when it is first rendered. */
export function lazyView<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | null = null;
  return function LazyView(props: P) {
    const [state, setState] = useState<"loading" | "failed" | "loaded">(loaded === null ? "loading" : "loaded");
    useEffect(() => {
      if (loaded !== null) return;
      load().then(
        (component) => {
          loaded = component;
          setState("loaded");
        },
        () => setState("failed"),
      );
    }, []);
    if (loaded !== null) {
      const Component = loaded;
      return <Component {...props} />;
    }
    if (state === "loading") return <Skeleton lines={8} />;
    return (
      <Notice
        tone="bad"
        title="This view could not be loaded."
        alert
        actions={<Button onClick={() => location.reload()}>Reload</Button>}
      >
        <p>The gateway may have been updated. Reload the page.</p>
      </Notice>
    );
  };
}
