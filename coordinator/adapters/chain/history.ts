import type { Interface, Result, TransactionDescription, TransactionResponse } from "ethers";
import type { ChainHistory, SubmittedVote } from "../../ports/chain-history.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { addTrace, attribute, type TransactionTrace } from "../../protocol/ledger/attribute.ts";
import type { LedgerRow } from "../../protocol/ledger/row.ts";
import type { FederationView } from "../../protocol/views/federation-view.ts";
import { type ChainConnection, eventSources } from "./connection.ts";
import { createLogReader } from "./logs.ts";

/** Transactions looked up at once. */
const PARALLEL_READS = 8;

/** The parts of a reader that look at transactions. */
export function createHistory(
  connection: ChainConnection,
  view: () => Promise<FederationView>,
): Pick<ChainHistory, "submittedVotes" | "gasLedger"> {
  return {
    submittedVotes: (transaction) => submittedVotes(connection, transaction),
    async gasLedger() {
      const known = await view();
      const traces = [...(await tracesOf(connection)).values()];
      const rows: LedgerRow[] = [];
      for (let i = 0; i < traces.length; i += PARALLEL_READS) {
        const some = traces.slice(i, i + PARALLEL_READS);
        rows.push(...(await Promise.all(some.map((trace) => ledgerRow(connection, known, trace)))));
      }
      return rows;
    },
  };
}

async function submittedVotes(connection: ChainConnection, hash: Hex): Promise<SubmittedVote[]> {
  const transaction = await getTransaction(connection, hash);
  if (!transaction)
    throw new QuorateError(
      "TRANSACTION_MISSING",
      `the node does not give transaction ${hash}; use another --rpc`,
      { transaction: hash },
    );
  const call = parseCall(connection, transaction);
  if (call?.name === "settle") return (call.args.votes as Result[]).map(readVote);
  if (call?.name === "castVote") return [readVote(call.args.vote as Result)];
  throw new QuorateError(
    "VOTES_UNREADABLE",
    `transaction ${hash} calls settle or castVote through another contract, if at all: its own call data carries no votes`,
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

async function tracesOf(connection: ChainConnection): Promise<Map<Hex, TransactionTrace>> {
  const latest = await connection.guard("eth_blockNumber", () => connection.provider.getBlockNumber());
  const traces = new Map<Hex, TransactionTrace>();
  for await (const events of createLogReader(connection).read(connection.deployBlock, latest))
    for (const event of events) addTrace(traces, event);
  return traces;
}

async function ledgerRow(
  connection: ChainConnection,
  view: FederationView,
  trace: TransactionTrace,
): Promise<LedgerRow> {
  const { provider, guard } = connection;
  const { hash, time } = trace;
  const [receipt, transaction] = await Promise.all([
    guard("eth_getTransactionReceipt", () => provider.getTransactionReceipt(hash)),
    getTransaction(connection, hash),
  ]);
  if (!receipt || !transaction)
    throw new QuorateError("RPC_ERROR", `the node does not give transaction ${hash} of a log it gave`, {
      hash,
    });
  const parsed = parseCall(connection, transaction);
  const round = typeof parsed?.args.round === "bigint" ? parsed.args.round : null;
  const about = attribute({
    trace,
    call: parsed && { method: parsed.name, round },
    deploys: transaction.to === null,
    roundOf: (settlement) => view.settlements.get(settlement)?.round,
  });
  return {
    hash,
    ...about,
    actor: transaction.from as Hex,
    gasUsed: receipt.gasUsed,
    gasLimit: transaction.gasLimit,
    effectiveGasPrice: receipt.gasPrice,
    fee: receipt.gasUsed * receipt.gasPrice,
    block: receipt.blockNumber,
    time,
    status: receipt.status === 0 ? "reverted" : "success",
  };
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
