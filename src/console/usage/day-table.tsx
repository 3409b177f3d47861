// The numbers of the plots, as a table of days.

import type { ComponentChildren } from "preact";
import { shortDay } from "../ui/formats.ts";
import { Disclosure } from "../ui/surfaces.tsx";
import { type Column, Scroll, Table } from "../ui/table.tsx";

interface DayTableProps<T> {
  /** Oldest first. */
  readonly days: readonly T[];
  dayOf(row: T): string;
  readonly columns: readonly (readonly [name: string, cell: (row: T) => ComponentChildren])[];
}

export function DayTable<T>({ days, dayOf, columns }: DayTableProps<T>) {
  const heading: Column<T> = { name: "Day", heading: true, cell: (row) => shortDay(dayOf(row)) };
  return (
    <Disclosure title="Table of days">
      <Scroll label="Table of days">
        <Table
          class="days"
          caption="Each day, newest first"
          columns={[heading, ...columns.map(([name, cell]) => ({ name, number: true, cell }))]}
          rows={days.toReversed()}
        />
      </Scroll>
    </Disclosure>
  );
}
