// What a screen reader is told of changes that the eye sees: one polite live region for the whole console. Refuses to chatter: the
// latest sentence replaces the one before.

import { useEffect, useState } from "preact/hooks";

let speak: (sentence: string) => void = () => undefined;

/** Says a sentence to those who listen. */
export function announce(sentence: string): void {
  speak(sentence);
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
    <div class="unseen" role="status" aria-live="polite">
      {sentence}
    </div>
  );
}
