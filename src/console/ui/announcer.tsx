// What a screen reader is told of changes that the eye sees: one polite live region for the whole console. Refuses to chatter: the
// latest sentence replaces the one before.

import { useEffect, useRef, useState } from "preact/hooks";

let speak: (sentence: string) => void = () => undefined;

/** Says a sentence to those who listen. */
export function announce(sentence: string): void {
  speak(sentence);
}

/** Says when a task's status changes under its reader's eyes; not what it was at first. */
export function useStatusNews(status: string | null): void {
  const last = useRef<string | null>(null);
  useEffect(() => {
    if (status === null) return;
    if (last.current !== null && last.current !== status) announce(`The task is ${status}.`);
    last.current = status;
  }, [status]);
}

/** The live region; once in the page. */
export function Announcer() {
  const [sentence, setSentence] = useState("");
  useEffect(() => {
    // The same sentence twice is two changes: a no-break space makes it another text.
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
