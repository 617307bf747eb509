import type { ComponentChildren } from "preact";
import type { Loaded } from "./app-context.tsx";

/** A titled part of a page. */
export function Card(props: {
  title?: ComponentChildren;
  side?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}) {
  const { title, side, children } = props;
  return (
    <section class={`card ${props.class ?? ""}`}>
      {title || side ? (
        <header>
          {title ? <h2>{title}</h2> : null}
          {side ? <div class="side">{side}</div> : null}
        </header>
      ) : null}
      {children}
    </section>
  );
}

/** Names and values, one below the other. */
export function Facts({
  rows,
}: {
  rows: readonly (readonly [ComponentChildren, ComponentChildren] | null)[];
}) {
  return (
    <dl class="facts">
      {rows.map((row, i) =>
        row ? (
          <div key={i}>
            <dt>{row[0]}</dt>
            <dd>{row[1]}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

/** A number to look at first. */
export function Stat({
  name,
  children,
  note,
}: {
  name: string;
  children: ComponentChildren;
  note?: ComponentChildren;
}) {
  return (
    <div class="stat">
      <span class="stat-name">{name}</span>
      <span class="stat-value">{children}</span>
      {note ? <span class="stat-note">{note}</span> : null}
    </div>
  );
}

/** A sentence instead of content. */
export function Notice({
  children,
  tone = "plain",
}: {
  children: ComponentChildren;
  tone?: "plain" | "bad" | "warn";
}) {
  return (
    <p class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </p>
  );
}

/** What is loaded, or honestly why it is not there. */
export function Await<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  if (of.value !== null) return <>{children(of.value)}</>;
  if (of.error) return <Notice tone="bad">{of.error.message}</Notice>;
  return <Loading />;
}

export function Loading({ text = "Reading the chain …" }: { text?: string }) {
  return (
    <p class="notice loading" role="status">
      {text}
    </p>
  );
}

/** The head of a page. */
export function Title({
  children,
  note,
  side,
}: {
  children: ComponentChildren;
  note?: ComponentChildren;
  side?: ComponentChildren;
}) {
  return (
    <header class="title">
      <h1>{children}</h1>
      {note ? <span class="title-note">{note}</span> : null}
      {side ? <span class="side">{side}</span> : null}
    </header>
  );
}
