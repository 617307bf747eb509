import { join } from "node:path";
import type { Wallet } from "ethers";
import type { QuorateWriter } from "../../adapters/chain/writer.ts";
import { createSystemClock } from "../../adapters/clock/system-clock.ts";
import type { Ordering } from "../../node/ordering.ts";
import type { Logger } from "../../ports/logger.ts";
import type { ReplicaMetrics } from "../../ports/replica-metrics.ts";
import { isQuorateError } from "../../protocol/errors.ts";
import type { Cleanup } from "../cleanup.ts";
import type { Cli } from "../command.ts";
import { dataFolder } from "../connect.ts";
import { identityOfKey } from "../praft/identity.ts";
import { derivedKey, type MemberParts, type OpenMember, openMember } from "../praft/member.ts";
import type { Report } from "../report-lines.ts";
import type { MinerRunOptions } from "./run.ts";

/** Heights and seconds after which a miner's replica anchors, as those that run alone do. */
const ANCHOR = { anchorHeights: 4_096, anchorSeconds: 600 } as const;

interface OrderingParts {
  readonly cli: Cli;
  readonly cleanup: Cleanup;
  readonly chain: QuorateWriter;
  readonly wallet: Wallet;
  readonly metrics: ReplicaMetrics;
  readonly logger: Logger;
  readonly report: Report;
}

/** What is wrong with the replica's own disk, and does not keep the miner from its rounds. */
const DISK = ["LOG_CORRUPT", "LOG_UNWRITABLE", "DECISIONS_CORRUPT", "DECISIONS_UNWRITABLE"];

/**
 * The replica in a miner's process, and how its node uses it; nothing without `--praft`. It anchors by the miner's own
 * transactions. What stops it does not stop the miner: rounds go on without it.
 * @throws QuorateError COMMITTEE_STRANGER, COMMITTEE_MALFORMED, PRAFT_CONFIG, ANCHOR_OTHER_GROUP
 */
export async function openOrdering(
  options: MinerRunOptions,
  parts: OrderingParts,
): Promise<{ readonly ordering?: Ordering }> {
  if (!options.praft) return {};
  const { ReplicaOrdering } = await import("../../node/ordering.ts");
  const member = await identityOfKey(parts.wallet.privateKey);
  const bundleKey = await derivedKey("quorate rounds", member.secretKey);
  const ordering = new ReplicaOrdering({ ...member, bundleKey, clock: createSystemClock() });
  const stopped = (error: unknown): void => {
    const code = isQuorateError(error) ? error.code : "INTERNAL";
    const { message } = error as Error;
    parts.logger.error({ code, error: message }, "the replica stopped; rounds go on without it");
    parts.report("replica-stopped", { code, message }, `replica stopped: ${code}: ${message}`);
  };
  const left = (what: string) => (error: unknown) => {
    const { message } = error as Error;
    parts.logger.error({ what, error: message }, "what runs beside the replica stopped; the replica goes on");
  };
  try {
    const { replica, anchorer, follower } = await openBeside(options, {
      ...parts,
      member,
      onOrdered: ordering.ordered,
    });
    const stop = new AbortController();
    const anchoring = anchorer?.run(stop.signal).catch(left("anchoring"));
    const following = follower?.run(stop.signal).catch(left("following the roster"));
    const running = ordering.run(replica, stop.signal).catch((error: unknown) => {
      stopped(error);
      stop.abort();
    });
    parts.cleanup.add(async () => {
      stop.abort();
      await running;
      await Promise.all([anchoring, following]);
    });
  } catch (error) {
    if (!DISK.some((code) => isQuorateError(error, code))) throw error;
    stopped(error);
  }
  return { ordering };
}

function openBeside(
  options: MinerRunOptions & { readonly praft?: string },
  parts: OrderingParts & Pick<MemberParts, "member" | "onOrdered">,
): Promise<OpenMember> {
  const { cli, cleanup, chain, member, logger, metrics, onOrdered } = parts;
  const { praft = "", praftListen: listen, praftDamaged: damaged = false } = options;
  const followRoster = options.praftFollowRoster === true;
  const folder = join(dataFolder(options), "praft");
  return openMember(
    { committee: praft, folder, ...(listen && { listen }), damaged, followRoster, ...ANCHOR },
    { member, checkpoints: chain.checkpoints, chain, logger, metrics, ...(onOrdered && { onOrdered }) },
    { cli, cleanup },
  );
}
