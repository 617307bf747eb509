import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { createChainReader, type QuorateReader } from "../../coordinator/adapters/chain/reader.ts";
import { loadMnist } from "../../coordinator/adapters/data/mnist.ts";
import { loadFederation } from "../../coordinator/adapters/federation/load-federation.ts";
import { createWasmEvaluator } from "../../coordinator/adapters/learning/wasm-evaluator.ts";
import { openFileLedger } from "../../coordinator/adapters/ledger/file-ledger.ts";
import type { Cleanup } from "../../coordinator/cli/cleanup.ts";
import { LEDGER_FILE, openNetwork, sha256 } from "../../coordinator/cli/connect.ts";
import type { Content } from "../../coordinator/ports/content.ts";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import type { Evaluator } from "../../coordinator/ports/learning.ts";
import { uniqueRows } from "../../coordinator/protocol/ledger/report.ts";
import type { LedgerRow } from "../../coordinator/protocol/ledger/row.ts";
import {
  decodeManifestFile,
  MANIFEST_MAX_BYTES,
  type ManifestFile,
} from "../../coordinator/protocol/round/manifest-file.ts";
import { readModel } from "../../coordinator/protocol/round/stored-files.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { winnerOf } from "../../coordinator/protocol/views/queries.ts";
import type { DemoFederation } from "./federation.ts";
import { buildReport } from "./report.ts";
import type { Report } from "./report-schema.ts";

/** The demo's own eyes: reads chain and files like any visitor, and scores models on the test images. */
export interface Observer {
  readonly chain: QuorateReader;
  /**
   * Takes note of a round that has ended: its manifest, its model's test accuracy, and what its clients said of updates
   * that were refused, by the client's address.
   */
  observe(record: RoundRecord, refused?: Readonly<Record<string, string>>): Promise<void>;
  /** Score of the genesis model on the validation set. */
  genesisScore(): Promise<number>;
  report(wallSeconds: number): Promise<Report>;
}

/** @param out folder of the run; the ledgers of all its nodes are read there */
export async function createObserver(
  federation: DemoFederation,
  out: string,
  cleanup: Cleanup,
): Promise<Observer> {
  const chain = await createChainReader({ rpcUrl: federation.rpcUrl, roundConsensus: federation.contract });
  cleanup.add(() => chain.close());
  const { content } = await openNetwork(chain, {}, cleanup);
  const loaded = await loadFederation({ chain, content, sha256 });
  const { test } = await loadMnist();
  const evaluator = createWasmEvaluator(test);
  cleanup.add(() => evaluator.stop());
  const manifests = new Map<bigint, ManifestFile>();
  const testAccuracy = new Map<bigint, number>();
  const refused = new Map<bigint, Readonly<Record<string, string>>>();
  return {
    chain,
    async observe(record, why = {}) {
      refused.set(record.round, why);
      const seen = await readRound(record, { content, loaded, evaluator });
      if (!seen) return;
      manifests.set(record.round, seen.manifest);
      testAccuracy.set(record.round, seen.correct / test.count);
    },
    async genesisScore() {
      const validation = createWasmEvaluator(loaded.validation!);
      try {
        return await validation.score(loaded.genesis);
      } finally {
        await validation.stop();
      }
    },
    async report(wallSeconds) {
      const { domain, contracts } = loaded.federation;
      const rows = uniqueRows([...(await chain.gasLedger()), ...(await ledgersIn(out))]);
      const [view, now] = [await chain.view(), await chain.pendingTime()];
      const chainId = Number(domain.chainId);
      const observed = { manifests, testAccuracy, refused };
      return buildReport({ chainId, contracts, view, now, rows, ...observed, wallSeconds });
    },
  };
}

async function readRound(
  record: RoundRecord,
  { content, loaded, evaluator }: { content: Content; loaded: LoadedFederation; evaluator: Evaluator },
): Promise<{ manifest: ManifestFile; correct: number } | undefined> {
  const won = winnerOf(record);
  if (!won) return undefined;
  const { manifestCid, modelCid, modelRoot } = won.candidate;
  const manifest = decodeManifestFile(await content.get(manifestCid, { maxBytes: MANIFEST_MAX_BYTES }));
  const bytes = await content.get(modelCid, { maxBytes: loaded.modelBytes });
  const model = readModel(bytes, modelRoot, loaded.genesis, sha256);
  return { manifest, correct: await evaluator.score(model) };
}

/** Transactions that the run's nodes recorded themselves: failed ones leave no event on chain. */
async function ledgersIn(folder: string): Promise<LedgerRow[]> {
  if (!existsSync(folder)) return [];
  const rows: LedgerRow[] = [];
  for (const path of globSync(`**/${LEDGER_FILE}`, { cwd: folder })) {
    const ledger = await openFileLedger(join(folder, path));
    rows.push(...ledger.rows());
    await ledger.close();
  }
  return rows;
}
