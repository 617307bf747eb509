import { hash } from "node:crypto";
import { access, constants, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Wallet } from "ethers";
import type { QuorateReader } from "../adapters/chain/reader.ts";
import type { QuorateWriter } from "../adapters/chain/writer.ts";
import type { Content } from "../ports/content.ts";
import type { GasLedger } from "../ports/ledger.ts";
import type { MinerTransport } from "../ports/transport.ts";
import type { Hex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Cleanup } from "./cleanup.ts";
import { createVisitorContent } from "./content.ts";
import type { Io } from "./io.ts";
import { loadKey } from "./keys.ts";
import { type ChainOptions, chainTarget, type KeyOptions } from "./options.ts";

/** Folder of a key's ledger when no --keystore names one. */
const DEFAULT_DATA_FOLDER = "quorate-data";
export const LEDGER_FILE = "gas.jsonl";
/** Where a miner keeps what it saw others sign against themselves. */
export const EVIDENCE_FILE = "evidence.jsonl";

/** SHA-256 by OpenSSL: about ten times the speed of the portable one. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

function chainOptions(options: ChainOptions, io: Io) {
  const { rpcUrl, contract, chainId } = chainTarget(options, io);
  return { rpcUrl, roundConsensus: contract, ...(chainId !== undefined && { chainId }) };
}

/** The chain, read-only. */
export async function openReader(options: ChainOptions, io: Io, cleanup: Cleanup): Promise<QuorateReader> {
  const { createChainReader } = await import("../adapters/chain/reader.ts");
  const reader = await createChainReader(chainOptions(options, io));
  cleanup.add(() => reader.close());
  return reader;
}

export interface WriterOptions extends ChainOptions, KeyOptions {
  /** Folder of the gas ledger; default the keystore's folder. */
  readonly folder?: string;
}

export interface OpenWriter {
  readonly chain: QuorateWriter;
  readonly wallet: Wallet;
  readonly ledger: GasLedger;
}

/** The chain with the command's key; every transaction goes into the gas ledger of its data folder. */
export async function openWriter(options: WriterOptions, io: Io, cleanup: Cleanup): Promise<OpenWriter> {
  const { createChainWriter } = await import("../adapters/chain/writer.ts");
  const wallet = await loadKey(options, io);
  const ledger = await openLedger(dataFolder(options), cleanup);
  const chain = await createChainWriter({ ...chainOptions(options, io), wallet, ledger });
  cleanup.add(() => chain.close());
  return { chain, wallet, ledger };
}

/** Where a command keeps what it writes. */
export function dataFolder({ folder, keystore }: WriterOptions): string {
  return folder ?? (keystore ? dirname(keystore) : DEFAULT_DATA_FOLDER);
}

/** @throws QuorateError FOLDER_UNWRITABLE */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new QuorateError(
      "FOLDER_UNWRITABLE",
      `${folder} can't be written: ${(cause as Error).message}; choose another --folder`,
      { folder },
      { cause },
    );
  }
}

async function openLedger(folder: string, cleanup: Cleanup): Promise<GasLedger> {
  const { openFileLedger } = await import("../adapters/ledger/file-ledger.ts");
  await makeFolder(folder);
  const ledger = await openFileLedger(join(folder, LEDGER_FILE));
  cleanup.add(() => ledger.close());
  return ledger;
}

/** How a client or auditor gets at the miners: by HTTP, and at files by HTTP or bitswap. */
export async function openNetwork(
  reader: QuorateReader,
  options: { readonly ipfs?: string },
  cleanup: Cleanup,
): Promise<{ content: Content; transport: MinerTransport; digest: (bytes: Uint8Array) => Promise<Hex> }> {
  const { createHttpTransport } = await import("../adapters/http/client.ts");
  const { digestOfBytes } = await import("../adapters/ipfs/cid.ts");
  const transport = createHttpTransport();
  const endpoints = async () => (await reader.miners()).map(({ endpoint }) => endpoint).filter(Boolean);
  const content = await createVisitorContent({ transport, endpoints, cleanup, ...options });
  return { content, transport, digest: digestOfBytes };
}
