// Asks how long the old key or secret stays valid beside the new one.

import { SelectField } from "./form.tsx";

const CHOICES = [
  { value: "0", name: "No time: it ends now" },
  { value: "3600", name: "1 hour" },
  { value: "86400", name: "1 day" },
  { value: "604800", name: "1 week" },
] as const;

interface OverlapFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly seconds: number;
  onSeconds(seconds: number): void;
}

export function OverlapField({ seconds, onSeconds, ...label }: OverlapFieldProps) {
  return (
    <SelectField {...label} options={CHOICES} value={String(seconds)} onValue={(value) => onSeconds(Number(value))} />
  );
}
