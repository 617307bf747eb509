import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { Moment } from "../../coordinator/protocol/views/moment.ts";
import { type PublicPage, publicLink } from "../../coordinator/protocol/views/public-explorers.ts";
import { cidOf } from "../format/cid.ts";
import { formatAge, formatInteger, formatUnits, formatUtc, formatWei, shorten } from "../format/text.ts";
import { linkTo } from "../state/route.ts";
import { useApp } from "./app-context.tsx";
import { Icon } from "./icon.tsx";

/** Copies a value; says so for a moment. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text).catch(() => copyByHand(text));
    setDone(true);
    setTimeout(() => setDone(false), 1_200);
  };
  return (
    <button
      type="button"
      class={done ? "copy done" : "copy"}
      onClick={copy}
      aria-label={done ? "copied" : `copy ${what}`}
      title={done ? "copied" : `copy ${text}`}
    >
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}

/** For browsers that give the clipboard only to pages of https. */
function copyByHand(text: string): void {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

/** A hash that is no link of its own. */
export function Hash({ value, full, what = "hash" }: { value: string; full?: boolean; what?: string }) {
  return (
    <span class="hash">
      <code title={value}>{full ? value : shorten(value)}</code>
      <Copy text={value} what={what} />
    </span>
  );
}

/** An account or contract, by its label if it has one. */
export function Address({ value, full }: { value: Hex | string; full?: boolean }) {
  const label = useApp().label(value);
  return (
    <span class="hash">
      <a href={linkTo("address", value)} title={value}>
        {label ? (
          <span class={`label ${label.kind}`}>{label.name}</span>
        ) : (
          <code>{full ? value : shorten(value)}</code>
        )}
      </a>
      {label && full ? <code class="dim">{value}</code> : null}
      <Copy text={value} what="address" />
    </span>
  );
}

export function Tx({ hash, full }: { hash: Hex; full?: boolean }) {
  return (
    <span class="hash">
      <a href={linkTo("tx", hash)} title={hash}>
        <code>{full ? hash : shorten(hash)}</code>
      </a>
      <Copy text={hash} what="transaction hash" />
    </span>
  );
}

export function Block({ number }: { number: number }) {
  return <a href={linkTo("block", number)}>{formatInteger(number)}</a>;
}

export function Round({ number, word }: { number: bigint | number; word?: boolean }) {
  return (
    <a href={linkTo("round", number)}>
      {word ? "round " : ""}
      {String(number)}
    </a>
  );
}

/** A CID by its digest, or what its absence means. */
export function Cid({ digest, full, none = "none" }: { digest: Hex; full?: boolean; none?: string }) {
  const cid = cidOf(digest);
  if (cid === null) return <span class="dim">{none}</span>;
  return <Hash value={cid} full={full === true} what="CID" />;
}

/** A value that leads to the event of a transaction that says it. */
export function From(props: {
  at: Moment | { transaction: Hex } | null;
  event: string;
  children: ComponentChildren;
}) {
  const { at, event, children } = props;
  if (!at) return <>{children}</>;
  return (
    <a class="from" href={linkTo("tx", at.transaction, { event })} title={`from the event ${event}`}>
      {children}
    </a>
  );
}

/** Age, with the time in UTC on demand or beside it. */
export function Time({ at, both }: { at: number; both?: boolean }) {
  const { now } = useApp();
  const utc = formatUtc(at);
  return (
    <time datetime={new Date(at * 1_000).toISOString()} title={utc}>
      {formatAge(at, now)}
      {both ? <span class="dim"> · {utc}</span> : null}
    </time>
  );
}

const SHORT_PLACES = 4;

/** An amount of the federation's token; the exact number is its title, and shown if `exact`. */
export function Tokens({ units, exact }: { units: bigint; exact?: boolean }) {
  const { token } = useApp().federation;
  const all = formatUnits(units, token.decimals);
  return (
    <span class="number" title={`${all} ${token.symbol}`}>
      {exact ? all : formatUnits(units, token.decimals, SHORT_PLACES)}{" "}
      <span class="unit">{token.symbol}</span>
    </span>
  );
}

export function Num({ value }: { value: bigint | number }) {
  return <span class="number">{formatInteger(value)}</span>;
}

/** What a transaction cost; the exact number is its title. */
export function Fee({ wei }: { wei: bigint }) {
  return (
    <span class="number" title={formatWei(wei)}>
      {formatWei(wei, false)}
    </span>
  );
}

/** A word for a state, coloured by what it means. */
export function Pill({ text, tone }: { text: string; tone?: "good" | "bad" | "warn" | "plain" }) {
  return <span class={`pill ${tone ?? toneOf(text)}`}>{text}</span>;
}

function toneOf(text: string): string {
  if (/^(agreed|ratified|success|active|yes|final|live)$/.test(text)) return "good";
  if (/^(failed|reverted|voided|no|lost|disagreed)/.test(text)) return "bad";
  return /^(open|degraded|pending|joining|suspending|exiting|not final|inactive|collect|propose|vote|overdue|reading)/.test(
    text,
  )
    ? "warn"
    : "plain";
}

/** The same thing on the chain's public explorer, where there is one. */
export function PublicLink({ page, value }: { page: PublicPage; value: Hex | number }) {
  const link = publicLink(useApp().federation.chain, page, value);
  return link ? (
    <a class="button" href={link} rel="noreferrer noopener" target="_blank">
      public explorer
    </a>
  ) : null;
}
