import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { DecodedValue } from "../chain/decode.ts";
import { formatBps, formatInteger, formatUtc, formatWad } from "../format/text.ts";
import { Address, Cid, Hash, Num, Round, Tokens } from "./values.tsx";

/** Names and values of a call, event or error, with units. */
export function Values({ values }: { values: readonly DecodedValue[] }) {
  if (values.length === 0) return <span class="dim">no values</span>;
  return (
    <dl class="values">
      {values.map((one) => (
        <div key={one.name}>
          <dt title={one.type}>{one.name}</dt>
          <dd>
            <Value of={one} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** More items than this are counted instead of shown. */
const MOST_ITEMS = 64;

function Value({ of }: { of: DecodedValue }) {
  const { type, value, parts } = of;
  if (parts && parts.length > MOST_ITEMS) return <span class="dim">{parts.length} items</span>;
  if (parts) return parts.length === 0 ? <span class="dim">none</span> : <Values values={parts} />;
  if (Array.isArray(value)) return <Items of={of} items={value} />;
  return <Single name={of.name} type={type} value={value} />;
}

function Items({ of, items }: { of: DecodedValue; items: readonly unknown[] }) {
  if (items.length === 0) return <span class="dim">none</span>;
  const type = of.type.replace(/\[\d*\]$/, "");
  return (
    <span class="list">
      {items.slice(0, MOST_ITEMS).map((value, i) => (
        <Single key={i} name={of.name} type={type} value={value} />
      ))}
      {items.length > MOST_ITEMS ? <span class="dim">and {items.length - MOST_ITEMS} more</span> : null}
    </span>
  );
}

const TOKENS =
  /^(stake|amount|funded|total|payoutsTotal|cumulative|weight|weights|roundBudget|minStake|maxStake|needed|value|initialSupply|cap)$/;
const TIMES = /^(finalAt|releaseAt|readyAt|openedAt|deadline|lastFinalAt)$/;
const REPUTATIONS = /^(reputation|reputations)$/;

function Single({ name, type, value }: { name: string; type: string; value: unknown }) {
  if (type === "address") return <Address value={value as Hex} />;
  if (/Cid$/i.test(name) && type === "bytes32") return <Cid digest={value as Hex} />;
  if (/^bytes/.test(type)) return <Hash value={String(value)} what={name} />;
  if (type === "bool") return <>{value ? "yes" : "no"}</>;
  if (!/^u?int/.test(type)) return <>{String(value)}</>;
  const number = BigInt(value as bigint);
  if (name === "round" || name === "fromRound") return <Round number={number} />;
  if (/Bps$/.test(name) || name === "confidence") return <WithRaw raw={number}>{formatBps(number)}</WithRaw>;
  if (TIMES.test(name)) return <WithRaw raw={number}>{formatUtc(Number(number))}</WithRaw>;
  if (REPUTATIONS.test(name)) return <WithRaw raw={number}>{formatWad(number)}</WithRaw>;
  if (TOKENS.test(name))
    return (
      <WithRaw raw={number}>
        <Tokens units={number} exact />
      </WithRaw>
    );
  return <Num value={number} />;
}

/** A value with its unit, and the integer that stands on chain as title. */
function WithRaw({ raw, children }: { raw: bigint; children: preact.ComponentChildren }) {
  return <span title={`on chain: ${formatInteger(raw)}`}>{children}</span>;
}
