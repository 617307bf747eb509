import { dataGas, type Failure, readTransaction, type TransactionDetail } from "../chain/transaction.ts";
import type { RawLog, RawReceipt, RawTransaction } from "../chain/types.ts";
import { formatBps, formatInteger, formatUnits, formatWei, inWords } from "../format/text.ts";
import { revertInWords } from "../format/words.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Values } from "../ui/decoded.tsx";
import { Await, Card, Facts, Notice, Title } from "../ui/layout.tsx";
import { Address, Block, Copy, Hash, Num, Pill, PublicLink, Time } from "../ui/values.tsx";

/** One transaction: what it called, what it cost, what it said. */
export function TransactionPage() {
  const { route, federation } = useApp();
  const key = route.key;
  const detail = useLoad(() => readTransaction(federation, key).then((found) => ({ found })), [key]);
  return (
    <Await of={detail}>
      {({ found }) =>
        found ? (
          <Detail detail={found} />
        ) : (
          <Notice>
            {/^0x[0-9a-f]{64}$/i.test(key)
              ? `No transaction ${key} is known on this chain. It may wait elsewhere, or be of another chain or from before a reset.`
              : `“${key}” is no transaction hash: that is 0x and 64 hexadecimal digits. Search with / for parts of one.`}
          </Notice>
        )
      }
    </Await>
  );
}

function Detail({ detail }: { detail: TransactionDetail }) {
  const { transaction, receipt, time, call, failure } = detail;
  const status = receipt === null ? "pending" : failure ? "reverted" : "success";
  return (
    <>
      <Title note={<Pill text={status} />} side={<PublicLink page="tx" value={transaction.hash} />}>
        Transaction
      </Title>
      {failure ? <WhyFailed failure={failure} /> : null}
      <div class="columns">
        <Card>
          <Facts
            rows={[
              ["hash", <Hash key="h" value={transaction.hash} full />],
              [
                "block",
                transaction.blockNumber ? (
                  <Block key="b" number={Number(transaction.blockNumber)} />
                ) : (
                  "waiting"
                ),
              ],
              time === null ? null : ["time", <Time key="t" at={time} both />],
              ["from", <Address key="f" value={transaction.from} full />],
              [
                "to",
                transaction.to ? (
                  <Address key="o" value={transaction.to} full />
                ) : receipt?.contractAddress ? (
                  <span key="o">
                    new contract <Address value={receipt.contractAddress} full />
                  </span>
                ) : (
                  "new contract"
                ),
              ],
              ["value", formatWei(BigInt(transaction.value))],
              ["nonce", <Num key="n" value={BigInt(transaction.nonce)} />],
            ]}
          />
        </Card>
        <Card title="Gas">
          {receipt ? (
            <Gas transaction={transaction} receipt={receipt} />
          ) : (
            <Notice>It is not in a block yet.</Notice>
          )}
        </Card>
      </div>
      <Card
        title={
          call ? (
            <>
              Call <code>{call.name}</code>
            </>
          ) : (
            "Call data"
          )
        }
        side={<Copy text={transaction.input} what="call data" />}
      >
        {call ? (
          <Values values={call.values} />
        ) : (
          <pre class="raw">{transaction.input === "0x" ? "none" : transaction.input.slice(0, 2_000)}</pre>
        )}
      </Card>
      {receipt ? <Events logs={receipt.logs} /> : null}
    </>
  );
}

function WhyFailed({ failure }: { failure: Failure }) {
  const { error, message } = failure;
  return (
    <div class="banner bad" role="alert">
      {error ? (
        <>
          <b>{inWords(error.name)}.</b> {revertInWords(error.name) ?? ""} <code>{error.signature}</code>
          {error.values.length > 0 ? <Values values={error.values} /> : null}
        </>
      ) : (
        message
      )}
    </div>
  );
}

function Gas({ transaction, receipt }: { transaction: RawTransaction; receipt: RawReceipt }) {
  const used = BigInt(receipt.gasUsed);
  const limit = BigInt(transaction.gas);
  const price = BigInt(receipt.effectiveGasPrice);
  const { zero, other, gas } = dataGas(transaction.input);
  return (
    <Facts
      rows={[
        [
          "used",
          <span key="u">
            <Num value={used} /> of <Num value={limit} /> ({formatBps((used * 10_000n) / (limit || 1n))})
          </span>,
        ],
        ["price", `${formatUnits(price, 9)} gwei`],
        ["fee", formatWei(used * price)],
        [
          "call data",
          `${formatInteger(gas)} gas: ${formatInteger(zero)} zero bytes, ${formatInteger(other)} others`,
        ],
        [
          "execution",
          `${formatInteger(used > BigInt(gas + 21_000) ? used - BigInt(gas + 21_000) : 0n)} gas, beyond 21\u202f000 and the call data, refunds taken off`,
        ],
      ]}
    />
  );
}

function Events({ logs }: { logs: readonly RawLog[] }) {
  const { federation, route } = useApp();
  const wanted = route.query.get("event");
  return (
    <Card title={`Events (${logs.length})`}>
      {logs.length === 0 ? <p class="notice">It left no event.</p> : null}
      <ol class="events">
        {logs.map((log) => {
          const decoded = federation.abi.event(log);
          return (
            <li
              key={log.logIndex}
              class={decoded && decoded.name === wanted ? "marked" : ""}
              ref={decoded && decoded.name === wanted ? intoView : null}
            >
              <div class="event-name">
                <span class="dim">#{Number(log.logIndex)}</span> <b>{decoded?.name ?? "unknown event"}</b>{" "}
                <Address value={log.address} />
              </div>
              {decoded ? (
                <Values values={decoded.values} />
              ) : (
                <pre class="raw">{[...log.topics, log.data].join("\n")}</pre>
              )}
            </li>
          );
        })}
      </ol>
    </Card>
  );
}

/** The event a number came from is what the reader looks for. */
function intoView(element: HTMLLIElement | null): void {
  element?.scrollIntoView({ block: "center" });
}
