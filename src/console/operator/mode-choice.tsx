// Which of a tenant's modes is shown.

import type { Mode } from "../api/wire.ts";
import { Choice } from "../ui/controls.tsx";

const MODES: readonly { readonly value: Mode; readonly name: string }[] = [
  { value: "live", name: "Live" },
  { value: "test", name: "Test" },
];

export function ModeChoice({ mode, onMode }: { readonly mode: Mode; onMode(mode: Mode): void }) {
  return <Choice label="Mode" options={MODES} value={mode} onValue={(next) => onMode(next)} />;
}
