// Announces visible changes to screen readers, in one polite live region for the whole console.

import { useEffect, useRef, useState } from "preact/hooks";

let speak: (sentence: string) => void = () => undefined;

/** Announces a sentence. */
export function announce(sentence: string): void {
  speak(sentence);
}

/** Announces changes of a task's status, but not the first one. */
export function useStatusAnnouncement(status: string | null): void {
  const last = useRef<string | null>(null);
  useEffect(() => {
    if (status === null) return;
    if (last.current !== null && last.current !== status) announce(`The task is ${status}.`);
    last.current = status;
  }, [status]);
}

/** The live region; once per page. */
export function Announcer() {
  const [sentence, setSentence] = useState("");
  useEffect(() => {
    // A repeated sentence is announced again only if the text differs: a no-break space does.
    speak = (next) => setSentence((last) => (last === next ? `${next}\u00a0` : next));
    return () => {
      speak = () => undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {sentence}
    </div>
  );
}
