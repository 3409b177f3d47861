// Asks how long the old key or secret stays valid beside the new one.

import { Field } from "./controls.tsx";

const CHOICES = [
  { seconds: 0, name: "No time: it ends now" },
  { seconds: 3_600, name: "1 hour" },
  { seconds: 86_400, name: "1 day" },
  { seconds: 604_800, name: "1 week" },
] as const;

interface OverlapFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly seconds: number;
  onSeconds(seconds: number): void;
}

export function OverlapField({ label, hint, seconds, onSeconds }: OverlapFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(props) => (
        <select {...props} value={String(seconds)} onChange={(event) => onSeconds(Number(event.currentTarget.value))}>
          {CHOICES.map((choice) => (
            <option key={choice.seconds} value={String(choice.seconds)}>
              {choice.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
