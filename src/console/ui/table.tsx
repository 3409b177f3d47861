// Tables. On a narrow screen the style sheet lays rows out as cards; `data-name` repeats the column's name there.

import type { ComponentChildren, HTMLAttributes } from "preact";

export interface Column<T> {
  readonly name: string;
  readonly number?: boolean;
  /** Identifies the row. */
  readonly heading?: boolean;
  readonly class?: string;
  /** Only screen readers get the column's name. */
  readonly unnamed?: boolean;
  cell(row: T, index: number): ComponentChildren;
}

interface TableProps<T> {
  readonly class?: string;
  /** For screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  /** Identifies a row between two renderings; by default its place. */
  keyOf?(row: T): string;
  rowProps?(row: T): HTMLAttributes<HTMLTableRowElement>;
}

export function Table<T>({ class: className = "", caption, columns, rows, keyOf, rowProps }: TableProps<T>) {
  return (
    <table class={`table ${className}`}>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.name} scope="col" class={classOf(column)}>
              {column.unnamed === true ? <span class="visually-hidden">{column.name}</span> : column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={keyOf?.(row) ?? index} {...rowProps?.(row)}>
            {columns.map((column) =>
              column.heading === true ? (
                <th key={column.name} scope="row">
                  {column.cell(row, index)}
                </th>
              ) : (
                <td key={column.name} class={classOf(column)} data-name={column.name}>
                  {column.cell(row, index)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const classOf = ({ number, class: name = "" }: Column<never>): string | undefined =>
  `${name}${number === true ? " number" : ""}`.trim() || undefined;

interface ScrollProps {
  readonly label: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A scrolling region. */
export function Scroll({ label, class: className = "", children }: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the focus to be scrolled by keyboard
    <section class={`scroll ${className}`} tabIndex={0} aria-label={`${label}, scrolls`}>
      {children}
    </section>
  );
}
