import { type FeeData, type Provider, Transaction, type TransactionReceipt, type Wallet } from "ethers";
import type { GasLedger, SentTransaction } from "../../ports/ledger.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { LedgerRow } from "../../protocol/ledger/row.ts";

/** What it takes to bring transactions of one account to their end. */
export interface NonceParts {
  readonly provider: Provider;
  readonly wallet: Wallet;
  readonly ledger: GasLedger;
  /** How long a transaction may wait for its block, milliseconds. */
  readonly mineTimeoutMs?: number;
  /** How long it may wait while blocks are made without it, before more is paid for it, milliseconds. */
  readonly stuckMs?: number;
}

/** All that was signed for one nonce, oldest first: at most one of them is ever mined. */
export interface NonceGroup {
  /** Infinity if an older version of the ledger did not keep it: then a receipt can be looked up, and no more. */
  readonly nonce: number;
  readonly versions: readonly SentTransaction[];
}

const MINE_TIMEOUT_MS = 180_000;
const STUCK_MS = 30_000;
/** Receipts are looked for at this pace: blocks of a development chain come at once, public ones take seconds. */
const RECEIPT_POLL_MS = [10, 25, 50, 100, 250, 500, 1000];
/** Nodes refuse a replacement that pays less than a tenth more than what it replaces. */
const BUMP_PERCENT = 125n;
/** Never more than so many times what was offered at first: a mistaken fee estimate must not empty an account. */
const MOST_TIMES = 10n;

/** Transactions of this account that the ledger has as sent and neither mined nor dropped, by nonce, lowest first. */
export function pendingGroups({ ledger, wallet }: NonceParts): readonly NonceGroup[] {
  const own = ledger.pending().filter(({ actor }) => actor === wallet.address);
  const nonceOf = ({ raw }: SentTransaction) => (raw ? Transaction.from(raw).nonce : undefined);
  const groups = Map.groupBy(own, (sent) => nonceOf(sent) ?? sent.hash);
  return [...groups.values()]
    .map((versions) => ({ nonce: nonceOf(versions[0]!) ?? Number.POSITIVE_INFINITY, versions }))
    .sort((a, b) => a.nonce - b.nonce);
}

/** Records the version that was mined, if one was, and drops all if another transaction took the nonce. */
export async function lookUp(
  parts: NonceParts,
  { nonce, versions }: NonceGroup,
): Promise<{ readonly sent: SentTransaction; readonly receipt: TransactionReceipt } | "lost" | undefined> {
  const { provider, ledger, wallet } = parts;
  // Read before the receipts: a version that is mined in between is found then.
  const used = (await provider.getTransactionCount(wallet.address, "latest")) > nonce;
  for (const sent of versions) {
    const receipt = await provider.getTransactionReceipt(sent.hash);
    if (!receipt) continue;
    await recordMined(parts, sent, receipt);
    for (const { hash } of versions) if (hash !== sent.hash) await ledger.dropped(hash);
    return { sent, receipt };
  }
  if (!used) return undefined;
  for (const { hash } of versions) await ledger.dropped(hash);
  return "lost";
}

/** Sends again what the node may have forgotten; that it is known already is no error. */
export async function resend({ provider }: NonceParts, { versions }: NonceGroup): Promise<void> {
  const raw = versions.at(-1)?.raw;
  if (raw) await provider.broadcastTransaction(raw).catch(() => undefined);
}

/**
 * Waits until one version is mined. While blocks are made without it, it is sent again, and then replaced by one that
 * pays more.
 * @throws QuorateError TRANSACTION_REPLACED, TRANSACTION_TIMEOUT
 */
export async function awaitMined(
  parts: NonceParts,
  group: NonceGroup,
): Promise<{ readonly sent: SentTransaction; readonly receipt: TransactionReceipt }> {
  const { provider, mineTimeoutMs = MINE_TIMEOUT_MS, stuckMs = STUCK_MS } = parts;
  const versions = [...group.versions];
  const started = Date.now();
  let since = { time: started, block: await provider.getBlockNumber() };
  for (let look = 0; ; look++) {
    const found = await lookUp(parts, { ...group, versions });
    if (found === "lost") throw replaced(group);
    if (found) return found;
    if (Date.now() - started > mineTimeoutMs) throw timedOut(versions.at(-1)!, mineTimeoutMs);
    if (Date.now() - since.time > stuckMs) {
      const block = await provider.getBlockNumber();
      await resend(parts, { ...group, versions });
      // A chain that makes no blocks is not moved by money.
      const higher = block > since.block && (await replacement(parts, versions));
      if (higher) versions.push(higher);
      since = { time: Date.now(), block };
    }
    await new Promise((resolve) =>
      setTimeout(resolve, RECEIPT_POLL_MS[Math.min(look, RECEIPT_POLL_MS.length - 1)]),
    );
  }
}

/** The newest version with a higher fee, sent; undefined if the fee is as high as it gets, or the node refuses it. */
async function replacement(
  { provider, wallet, ledger }: NonceParts,
  versions: readonly SentTransaction[],
): Promise<SentTransaction | undefined> {
  const last = versions.at(-1)!;
  const first = Transaction.from(versions[0]!.raw!);
  const next = Transaction.from(last.raw!).clone();
  const most = MOST_TIMES * offered(first);
  raiseFee(next, await provider.getFeeData());
  if (offered(next) > most) return undefined;
  next.signature = null;
  const raw = (await wallet.signTransaction(next)) as Hex;
  const sent: SentTransaction = { ...last, hash: Transaction.from(raw).hash as Hex, raw };
  await ledger.sent(sent);
  try {
    await provider.broadcastTransaction(raw);
    return sent;
  } catch {
    // Too little more, or mined meanwhile: the versions before it stand. If the node took it all the same, it is found.
    if (await provider.getTransaction(sent.hash).catch(() => null)) return sent;
    await ledger.dropped(sent.hash);
    return undefined;
  }
}

function offered({ maxFeePerGas, gasPrice }: Transaction): bigint {
  return maxFeePerGas ?? gasPrice ?? 0n;
}

/** A quarter more than before, and no less than what the chain asks now. */
function raiseFee(transaction: Transaction, market: FeeData): void {
  const raised = (before: bigint | null, asked: bigint | null) => {
    const more = ((before ?? 0n) * BUMP_PERCENT) / 100n + 1n;
    return asked !== null && asked > more ? asked : more;
  };
  if (transaction.type === 2) {
    transaction.maxPriorityFeePerGas = raised(transaction.maxPriorityFeePerGas, market.maxPriorityFeePerGas);
    transaction.maxFeePerGas = raised(transaction.maxFeePerGas, market.maxFeePerGas);
  } else transaction.gasPrice = raised(transaction.gasPrice, market.gasPrice);
}

async function recordMined(
  { provider, ledger }: NonceParts,
  { raw: _, ...sent }: SentTransaction,
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

function replaced({ nonce, versions }: NonceGroup): QuorateError {
  const { method, hash, actor } = versions.at(-1)!;
  return new QuorateError(
    "TRANSACTION_REPLACED",
    `${method} ${hash} lost its nonce ${nonce} to another transaction of ${actor}; use one process per key`,
    { hash, nonce },
  );
}

function timedOut({ method, hash }: SentTransaction, timeoutMs: number): QuorateError {
  return new QuorateError(
    "TRANSACTION_TIMEOUT",
    `${method} ${hash} was not mined within ${timeoutMs} ms; it may still be, and is looked for before the next is sent`,
    { hash, timeoutMs },
  );
}
