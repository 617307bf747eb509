import type { Interface, Result, TransactionDescription, TransactionResponse } from "ethers";
import type { ChainHistory, SubmittedVote } from "../../ports/chain-history.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { type LedgerRow, type Phase, phaseOfMethod } from "../../protocol/ledger/row.ts";
import type { ChainEvent, EventName } from "../../protocol/views/events.ts";
import type { FederationView } from "../../protocol/views/federation-view.ts";
import { type ChainConnection, eventSources } from "./connection.ts";
import { createLogReader } from "./logs.ts";

/** Transactions looked up at once. */
const PARALLEL_READS = 8;

/** What a transaction was for, if it reached the contracts through another one, by the event that tells it. */
const METHOD_BY_EVENT: Readonly<Partial<Record<EventName, string>>> = {
  RoundAgreed: "settle",
  RoundFailed: "failRound",
  RoundOpened: "openRound",
  CandidatePosted: "propose",
  CandidateCosigned: "propose",
  VoteCast: "castVote",
  SeedFrozen: "freezeSeed",
  Claimed: "claim",
  MinerRegistered: "register",
  ClientChanged: "register",
  Funded: "fund",
};

/** The parts of a reader that look at transactions. */
export function createHistory(
  connection: ChainConnection,
  view: () => Promise<FederationView>,
): Pick<ChainHistory, "submittedVotes" | "gasLedger"> {
  return {
    submittedVotes: (transaction) => submittedVotes(connection, transaction),
    async gasLedger() {
      const known = await view();
      const byTransaction = await eventsByTransaction(connection);
      const groups = [...byTransaction.values()];
      const rows: LedgerRow[] = [];
      for (let i = 0; i < groups.length; i += PARALLEL_READS) {
        const some = groups.slice(i, i + PARALLEL_READS);
        rows.push(...(await Promise.all(some.map((events) => ledgerRow(connection, known, events)))));
      }
      return rows;
    },
  };
}

async function submittedVotes(connection: ChainConnection, hash: Hex): Promise<SubmittedVote[]> {
  const transaction = await getTransaction(connection, hash);
  const call = transaction && parseCall(connection, transaction);
  if (call?.name === "settle") return (call.args.votes as Result[]).map(readVote);
  if (call?.name === "castVote") return [readVote(call.args.vote as Result)];
  throw new QuorateError(
    "VOTES_UNREADABLE",
    `transaction ${hash} is no settle or castVote of RoundConsensus whose call data the node can give`,
    { transaction: hash },
  );
}

function readVote(vote: Result): SubmittedVote {
  return {
    seat: Number(vote.seat),
    candidateIndex: Number(vote.candidateIndex),
    support: vote.support,
    confidence: Number(vote.confidence),
    reason: Number(vote.reason),
    reasonIndex: vote.reasonIndex,
    signature: `${vote.r}${vote.vs.slice(2)}` as Hex,
  };
}

/** Only what the ledger needs is kept of each event. */
type Trace = Pick<ChainEvent, "transaction" | "name" | "time"> & { readonly args: ChainEvent["args"] };

async function eventsByTransaction(connection: ChainConnection): Promise<Map<Hex, Trace[]>> {
  const latest = await connection.guard("eth_blockNumber", () => connection.provider.getBlockNumber());
  const traces = new Map<Hex, Trace[]>();
  for await (const events of createLogReader(connection).read(connection.deployBlock, latest))
    for (const { transaction, name, time, args } of events) {
      const known = traces.get(transaction) ?? [];
      known.push({ transaction, name, time, args });
      traces.set(transaction, known);
    }
  return traces;
}

async function ledgerRow(
  connection: ChainConnection,
  view: FederationView,
  events: readonly Trace[],
): Promise<LedgerRow> {
  const { provider, guard } = connection;
  const { transaction: hash, time } = events[0]!;
  const [receipt, transaction] = await Promise.all([
    guard("eth_getTransactionReceipt", () => provider.getTransactionReceipt(hash)),
    getTransaction(connection, hash),
  ]);
  if (!receipt || !transaction)
    throw new QuorateError("RPC_ERROR", `the node does not give transaction ${hash} of a log it gave`, {
      hash,
    });
  const call = parseCall(connection, transaction);
  const method = call?.name ?? (transaction.to === null ? "deploy" : methodByEvents(events));
  const phase = phaseOfMethod(method);
  return {
    hash,
    round: roundOf({ phase, call, events, view }),
    phase,
    actor: transaction.from as Hex,
    method,
    gasUsed: receipt.gasUsed,
    gasLimit: transaction.gasLimit,
    effectiveGasPrice: receipt.gasPrice,
    fee: receipt.gasUsed * receipt.gasPrice,
    block: receipt.blockNumber,
    time,
    status: receipt.status === 0 ? "reverted" : "success",
  };
}

function methodByEvents(events: readonly Trace[]): string {
  for (const name of Object.keys(METHOD_BY_EVENT) as EventName[])
    if (events.some((event) => event.name === name)) return METHOD_BY_EVENT[name]!;
  return "other";
}

/** The round a transaction belongs to: a settlement's is the one it decides, not the one it opens. */
function roundOf(about: {
  phase: Phase;
  call: TransactionDescription | null;
  events: readonly Trace[];
  view: FederationView;
}): bigint | null {
  const { phase, call, events, view } = about;
  if (phase === "setup") return null;
  if (phase === "claim") {
    const claimed = events.find((event) => event.name === "Claimed")?.args as
      | { settlement: bigint }
      | undefined;
    return (claimed && view.settlements.get(claimed.settlement)?.round) ?? null;
  }
  if (typeof call?.args.round === "bigint") return call.args.round;
  const telling = events.find((event) => phaseOfMethod(METHOD_BY_EVENT[event.name] ?? "") === phase);
  return (telling?.args as { round?: bigint } | undefined)?.round ?? null;
}

function getTransaction(
  { provider, guard }: ChainConnection,
  hash: Hex,
): Promise<TransactionResponse | null> {
  return guard("eth_getTransactionByHash", () => provider.getTransaction(hash));
}

/** The call of a federation's contract that a transaction makes directly. */
function parseCall(
  connection: ChainConnection,
  transaction: TransactionResponse,
): TransactionDescription | null {
  const contract: Interface | undefined = eventSources(connection).get(transaction.to?.toLowerCase() ?? "");
  return contract?.parseTransaction({ data: transaction.data }) ?? null;
}
