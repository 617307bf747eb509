import type { ComponentChildren } from "preact";
import { type Cell, download, toCsv, toJson } from "../format/export.ts";

/** A column: how a row is shown, and what of it is exported. */
export interface Column<T> {
  readonly name: string;
  readonly title?: string;
  readonly number?: boolean;
  readonly show: (row: T) => ComponentChildren;
  /** Exact value for CSV and JSON; a column without is not exported. */
  readonly value?: (row: T) => Cell;
}

interface TableProps<T> {
  /** Says what the table holds, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  readonly empty: ComponentChildren;
  readonly marked?: (row: T) => boolean;
}

export function Table<T>({ caption, columns, rows, keyOf, empty, marked }: TableProps<T>) {
  if (rows.length === 0) return <p class="notice">{empty}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, number, title }) => (
              <th key={name} scope="col" class={number ? "right" : ""} title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={marked?.(row) ? "marked" : ""}>
              {columns.map(({ name, number, show }) => (
                <td key={name} class={number ? "right" : ""}>
                  {show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Buttons that hand out the rows shown, with exact integers. */
export function Exports<T>({
  name,
  columns,
  rows,
}: {
  name: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
}) {
  const exported = columns.filter(({ value }) => value);
  const names = exported.map(({ name }) => name);
  const cells = () => rows.map((row) => exported.map(({ value }) => value!(row)));
  return (
    <span class="exports">
      <button
        type="button"
        class="button"
        onClick={() => download(`${name}.csv`, "text/csv", toCsv(names, cells()))}
      >
        CSV
      </button>
      <button
        type="button"
        class="button"
        onClick={() => download(`${name}.json`, "application/json", toJson(names, cells()))}
      >
        JSON
      </button>
    </span>
  );
}

/** Links to newer and older rows; positions are named by their first row, so that new rows shift nothing. */
export function Pager(props: { newer: string | null; older: string | null; children: ComponentChildren }) {
  const { newer, older, children } = props;
  return (
    <nav class="pager" aria-label="pages">
      {newer ? (
        <a class="button" href={newer} rel="prev">
          newer
        </a>
      ) : (
        <span class="button off">newer</span>
      )}
      <span class="dim">{children}</span>
      {older ? (
        <a class="button" href={older} rel="next">
          older
        </a>
      ) : (
        <span class="button off">older</span>
      )}
    </nav>
  );
}
