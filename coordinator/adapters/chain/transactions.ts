import {
  type Interface,
  isError,
  keccak256,
  type Provider,
  type TransactionReceipt,
  type Wallet,
} from "ethers";
import type { Sent } from "../../ports/chain.ts";
import type { GasLedger, SentTransaction } from "../../ports/ledger.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { type LedgerRow, phaseOfMethod } from "../../protocol/ledger/row.ts";
import type { ContractName } from "./artifacts.ts";
import { chainError } from "./errors.ts";
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
  /** Resolves when mined. @throws the contract's error as a QuorateError, before sending whenever that can be seen */
  send(call: Call): Promise<Sent>;
  /** Looks up what an earlier process sent and did not see mined. */
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

interface Parts {
  readonly provider: Provider;
  readonly wallet: Wallet;
  readonly ledger: GasLedger;
  readonly interfaces: readonly Interface[];
  /** How long a transaction may wait for its block, milliseconds. */
  readonly mineTimeoutMs?: number;
}

const MINE_TIMEOUT_MS = 180_000;
/** Receipts are looked for at this pace: blocks of a development chain come at once, public ones take seconds. */
const RECEIPT_POLL_MS = [10, 25, 50, 100, 250, 500, 1000];
/** Another process may use the same key; its transaction takes the nonce. */
const NONCE_ATTEMPTS = 5;
/** The estimate is exact for the state it saw; the block it lands in may differ a little. */
const GAS_MARGIN_PERCENT = 125n;
const GAS_MARGIN = 10_000n;
/** A settlement opens the next round if that is possible in its block, which the estimate may not have seen yet. */
const GAS_FOR_OPENING = 400_000n;

export function createTransactor(parts: Parts): Transactor {
  const { wallet } = parts;
  let queue: Promise<unknown> = Promise.resolve();
  return {
    account: wallet.address as Hex,
    send(call) {
      // One at a time: the nonce of the next follows from this one's, and a key signs nothing it may have to repeat.
      const next = queue.then(async () => {
        await reconcile(parts);
        return sendOne(parts, call);
      });
      queue = next.catch(() => undefined);
      return next;
    },
    reconcile: () => reconcile(parts),
  };
}

/** Receipts of what was sent and not seen mined: before a restart, or when the node went away in between. */
async function reconcile({ provider, ledger, wallet, interfaces }: Parts): Promise<void> {
  for (const sent of ledger.pending()) {
    if (sent.actor !== wallet.address) continue;
    try {
      const receipt = await provider.getTransactionReceipt(sent.hash);
      if (receipt) await recordMined({ provider, ledger }, sent, receipt);
    } catch (error) {
      throw chainError(error, "eth_getTransactionReceipt", interfaces);
    }
  }
}

async function sendOne(parts: Parts, call: Call): Promise<Sent> {
  const { ledger, interfaces } = parts;
  try {
    for (let attempt = 1; ; attempt++) {
      const { raw, sent, nonce } = await prepare(parts, call);
      await ledger.sent(sent);
      const taken = await broadcast(parts, raw, sent);
      if (taken && attempt < NONCE_ATTEMPTS) continue;
      if (taken) throw taken;
      const receipt = await awaitReceipt(parts, sent, nonce);
      await recordMined(parts, sent, receipt);
      if (receipt.status === 0) throw await refusal(parts, call, receipt);
      return { hash: sent.hash, gasUsed: receipt.gasUsed, block: receipt.blockNumber };
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
  const raw = await wallet.signTransaction({
    to,
    data,
    nonce,
    gasLimit,
    chainId: network.chainId,
    value: 0n,
    ...price,
  });
  const sent: SentTransaction = {
    hash: keccak256(raw) as Hex,
    round,
    phase: phaseOfMethod(method),
    actor: from as Hex,
    method,
    gasLimit,
  };
  return { raw, sent, nonce };
}

/** Undefined if the node has the transaction; the error if its nonce was taken. Anything else is thrown. */
async function broadcast(
  parts: Parts,
  raw: string,
  sent: SentTransaction,
): Promise<QuorateError | undefined> {
  const { provider, ledger } = parts;
  try {
    await provider.broadcastTransaction(raw);
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

async function awaitReceipt(parts: Parts, sent: SentTransaction, nonce: number): Promise<TransactionReceipt> {
  const { provider, ledger, mineTimeoutMs = MINE_TIMEOUT_MS } = parts;
  const started = Date.now();
  for (let look = 0; ; look++) {
    const receipt = await provider.getTransactionReceipt(sent.hash);
    if (receipt) return receipt;
    const waited = Date.now() - started;
    if (look > 3 && (await provider.getTransactionCount(sent.actor, "latest")) > nonce) {
      const late = await provider.getTransactionReceipt(sent.hash);
      if (late) return late;
      await ledger.dropped(sent.hash);
      throw new QuorateError(
        "TRANSACTION_REPLACED",
        `${sent.method} ${sent.hash} lost its nonce ${nonce} to another transaction of ${sent.actor}; ` +
          "use one process per key",
        { hash: sent.hash, nonce },
      );
    }
    if (waited > mineTimeoutMs)
      throw new QuorateError(
        "TRANSACTION_TIMEOUT",
        `${sent.method} ${sent.hash} was not mined within ${mineTimeoutMs} ms; it may still be`,
        { hash: sent.hash, timeoutMs: mineTimeoutMs },
      );
    const pause = RECEIPT_POLL_MS[Math.min(look, RECEIPT_POLL_MS.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function recordMined(
  { provider, ledger }: Pick<Parts, "provider" | "ledger">,
  sent: SentTransaction,
  receipt: TransactionReceipt,
): Promise<void> {
  const block = await provider.getBlock(receipt.blockNumber);
  const row: LedgerRow = {
    ...sent,
    gasUsed: receipt.gasUsed,
    effectiveGasPrice: receipt.gasPrice,
    fee: receipt.gasUsed * receipt.gasPrice,
    block: receipt.blockNumber,
    time: block?.timestamp ?? 0,
    status: receipt.status === 0 ? "reverted" : "success",
  };
  await ledger.mined(row);
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
