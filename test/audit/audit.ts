import { loadFederation } from "../../coordinator/adapters/federation/load-federation.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import { createWasmEvaluator } from "../../coordinator/adapters/learning/wasm-evaluator.ts";
import { type AuditOptions, type AuditResult, verifyRound } from "../../coordinator/audit/verify-round.ts";
import type { Content } from "../../coordinator/ports/content.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import type { AuditedFederation } from "./round.ts";

/** Files as the store has them, except those an attacker replaced or lost. */
export function contentOf(
  federation: AuditedFederation,
  replace: (digest: Hex, bytes: Uint8Array) => Uint8Array,
): Content {
  return { get: async (digest) => replace(digest, await federation.store.read(digest)) };
}

/** Audits a round of a scripted federation. */
export async function audit(
  federation: AuditedFederation,
  round: bigint,
  overrides: Partial<AuditOptions> = {},
): Promise<AuditResult> {
  const chain = overrides.chain ?? federation.reader;
  const content = overrides.content ?? contentOf(federation, (_, bytes) => bytes);
  return verifyRound({
    chain,
    content,
    loadFederation: () => loadFederation({ chain, content }),
    evaluator: createWasmEvaluator,
    recoverer: createRecoverer(),
    digest: federation.store.digest,
    round,
    ...overrides,
  });
}

/** A reader that tells something else about one round. */
export function lying(
  federation: AuditedFederation,
  round: bigint,
  change: (record: RoundRecord) => Partial<RoundRecord>,
): AuditOptions["chain"] {
  const { reader } = federation;
  return {
    ...reader,
    async view() {
      const view = await reader.view();
      const record = view.rounds.get(round)!;
      return { ...view, rounds: new Map(view.rounds).set(round, { ...record, ...change(record) }) };
    },
  };
}

/** Names of the checks that failed. */
export const wrongNames = ({ checks }: AuditResult) =>
  checks.filter((check) => !check.ok).map((check) => check.name);
