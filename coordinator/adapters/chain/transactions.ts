import { type Interface, isError, keccak256, Transaction, type TransactionReceipt } from "ethers";
import type { Sent } from "../../ports/chain.ts";
import type { SentTransaction } from "../../ports/ledger.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { phaseOfMethod } from "../../protocol/ledger/row.ts";
import type { ContractName } from "./artifacts.ts";
import { chainError } from "./errors.ts";
import { awaitMined, lookUp, type NonceGroup, type NonceParts, pendingGroups, resend } from "./nonce.ts";
import type { QuorateReader } from "./reader.ts";

/** A call to be sent as a transaction. */
export interface Call {
  readonly to: string;
  readonly data: string;
  /** Name of the contract's function, for the ledger and for messages. */
  readonly method: string;
  /** The round it belongs to, if any. */
  readonly round: bigint | null;
}

/** Sends one transaction after the other from one account. */
export interface Transactor {
  readonly account: Hex;
  /**
   * Resolves when mined. What an earlier process sent, or this one gave up waiting for, is brought to its end first; an
   * equal call among it is not sent twice: its result is this call's.
   * @throws the contract's error as a QuorateError, before sending whenever that can be seen
   */
  send(call: Call): Promise<Sent>;
  /** Looks up what an earlier process sent and did not see mined, and sends it again if the node has forgotten it. */
  reconcile(): Promise<void>;
}

/** A call of one of the federation's contracts. */
export function callOf(
  { connection }: QuorateReader,
  contract: ContractName,
  method: string,
  args: readonly unknown[],
): { to: Hex; data: string; method: string } {
  const data = connection.interfaces[contract].encodeFunctionData(method, args);
  return { to: connection.addresses[contract], data, method };
}

interface Parts extends NonceParts {
  readonly interfaces: readonly Interface[];
}

/** Another process may use the same key; its transaction takes the nonce. */
const NONCE_ATTEMPTS = 5;
/** The estimate is exact for the state it saw; the block it lands in may differ a little. */
const GAS_MARGIN_PERCENT = 125n;
const GAS_MARGIN = 10_000n;
/** A settlement opens the next round if that is possible in its block, which the estimate may not have seen yet. */
const GAS_FOR_OPENING = 400_000n;
/** Results nobody was told of that are kept for whoever asks for the same. */
const MOST_FINISHED = 64;

export function createTransactor(parts: Parts): Transactor {
  const { wallet } = parts;
  /** By call: what was mined and nobody was told of, because its process or its patience ended. */
  const finished = new Map<string, Sent>();
  let queue: Promise<unknown> = Promise.resolve();
  return {
    account: wallet.address as Hex,
    send(call) {
      // One at a time: the nonce of the next follows from this one's, and a key signs nothing it may have to repeat.
      const next = queue.then(async () => {
        for (const group of await reconcile(parts, finished)) await finish(parts, group, finished);
        const key = keyOf(call);
        const done = finished.get(key);
        finished.delete(key);
        return done ?? sendOne(parts, call);
      });
      queue = next.catch(() => undefined);
      return next;
    },
    async reconcile() {
      for (const group of await reconcile(parts, finished)) await resend(parts, group);
    },
  };
}

function keyOf({ to, data }: Pick<Call, "to" | "data">): string {
  return `${to} ${data}`.toLowerCase();
}

/** Notes what was mined meanwhile; resolves with what was not. */
async function reconcile(parts: Parts, finished: Map<string, Sent>): Promise<readonly NonceGroup[]> {
  const open: NonceGroup[] = [];
  try {
    for (const group of pendingGroups(parts)) {
      const found = await lookUp(parts, group);
      if (!found && Number.isFinite(group.nonce)) open.push(group);
      else if (found && found !== "lost") note(finished, found);
    }
  } catch (error) {
    throw chainError(error, "eth_getTransactionReceipt", parts.interfaces);
  }
  return open;
}

/** Sends an unfinished transaction again and waits for it: nothing that follows it could be mined before. */
async function finish(parts: Parts, group: NonceGroup, finished: Map<string, Sent>): Promise<void> {
  const { method } = group.versions.at(-1)!;
  try {
    await resend(parts, group);
    note(finished, await awaitMined(parts, group));
  } catch (error) {
    // Another process took its nonce: it is gone for good, and stops nobody.
    const mapped = chainError(error, method, parts.interfaces);
    if (mapped.code !== "TRANSACTION_REPLACED") throw mapped;
  }
}

function note(
  finished: Map<string, Sent>,
  { sent, receipt }: { readonly sent: SentTransaction; readonly receipt: TransactionReceipt },
): void {
  if (receipt.status === 0 || !sent.raw) return;
  const { to, data } = Transaction.from(sent.raw);
  finished.set(keyOf({ to: to ?? "", data }), sentOf(sent, receipt));
  if (finished.size > MOST_FINISHED) finished.delete(finished.keys().next().value!);
}

function sentOf({ hash }: SentTransaction, { gasUsed, blockNumber }: TransactionReceipt): Sent {
  return { hash, gasUsed, block: blockNumber };
}

async function sendOne(parts: Parts, call: Call): Promise<Sent> {
  const { ledger, interfaces } = parts;
  try {
    for (let attempt = 1; ; attempt++) {
      const { sent, nonce } = await prepare(parts, call);
      await ledger.sent(sent);
      const taken = await broadcast(parts, sent);
      if (taken && attempt < NONCE_ATTEMPTS) continue;
      if (taken) throw taken;
      const mined = await awaitMined(parts, { nonce, versions: [sent] });
      if (mined.receipt.status === 0) throw await refusal(parts, call, mined.receipt);
      return sentOf(mined.sent, mined.receipt);
    }
  } catch (error) {
    throw chainError(error, call.method, interfaces);
  }
}

async function prepare(parts: Parts, call: Call) {
  const { provider, wallet } = parts;
  const { to, data, method, round } = call;
  const from = wallet.address;
  const [estimate, fees, nonce, network] = await Promise.all([
    provider.estimateGas({ from, to, data }),
    provider.getFeeData(),
    provider.getTransactionCount(from, "pending"),
    provider.getNetwork(),
  ]);
  const opening = method === "settle" ? GAS_FOR_OPENING : 0n;
  const gasLimit = (estimate * GAS_MARGIN_PERCENT) / 100n + GAS_MARGIN + opening;
  const { maxFeePerGas, maxPriorityFeePerGas, gasPrice } = fees;
  const price =
    maxFeePerGas !== null && maxPriorityFeePerGas !== null
      ? { type: 2, maxFeePerGas, maxPriorityFeePerGas }
      : { type: 0, gasPrice };
  const raw = (await wallet.signTransaction({
    to,
    data,
    nonce,
    gasLimit,
    chainId: network.chainId,
    value: 0n,
    ...price,
  })) as Hex;
  const sent: SentTransaction = {
    hash: keccak256(raw) as Hex,
    round,
    phase: phaseOfMethod(method),
    actor: from as Hex,
    method,
    gasLimit,
    raw,
  };
  return { sent, nonce };
}

/** Undefined if the node has the transaction; the error if its nonce was taken. Anything else is thrown. */
async function broadcast(parts: Parts, sent: SentTransaction): Promise<QuorateError | undefined> {
  const { provider, ledger } = parts;
  try {
    await provider.broadcastTransaction(sent.raw!);
    return undefined;
  } catch (error) {
    // Some nodes answer with the revert, or "already known", though they took the transaction.
    if (await provider.getTransactionReceipt(sent.hash).catch(() => null)) return undefined;
    if (await provider.getTransaction(sent.hash).catch(() => null)) return undefined;
    const mapped = chainError(error, sent.method, parts.interfaces);
    // A node that went away may still have taken it: the ledger keeps it in doubt.
    if (mapped.code === "RPC_UNREACHABLE") throw mapped;
    await ledger.dropped(sent.hash);
    if (isNonceTaken(error)) return mapped;
    throw mapped;
  }
}

function isNonceTaken(error: unknown): boolean {
  return (
    isError(error, "NONCE_EXPIRED") ||
    isError(error, "REPLACEMENT_UNDERPRICED") ||
    /nonce/i.test((error as Error).message)
  );
}

/** Why a mined transaction reverted: a receipt does not say, so the call is repeated on that block's state. */
async function refusal(parts: Parts, call: Call, receipt: TransactionReceipt): Promise<QuorateError> {
  const { to, data, method } = call;
  try {
    await parts.provider.call({ from: receipt.from, to, data, blockTag: receipt.blockNumber });
  } catch (error) {
    return chainError(error, method, parts.interfaces);
  }
  return new QuorateError(
    "TRANSACTION_REVERTED",
    `${method} ${receipt.hash} was mined in block ${receipt.blockNumber} and reverted; the call would pass now`,
    { hash: receipt.hash, block: receipt.blockNumber, gasUsed: receipt.gasUsed },
  );
}
