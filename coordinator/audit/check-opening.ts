import { abiWords, type Hex, keccak, ZERO_HASH } from "../protocol/bytes.ts";
import { openingHash } from "../protocol/round/messages.ts";
import { seedOfBlockHash } from "../protocol/views/draw.ts";
import type { FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { winnerOf } from "../protocol/views/queries.ts";
import type { Audit } from "./verify-round.ts";

/** Blocks by which an unfrozen seed moves on. */
const SEED_STRIDE_BLOCKS = 256;

/** The round started from the right model, under the right parameters, with a seed nobody chose. */
export async function checkOpening(audit: Audit): Promise<void> {
  const { checks, record, options } = audit;
  const { chain } = options;
  const federation = await chain.federation();
  const base = baseOf(audit.view, record, federation.genesisRoot);
  const degraded = degradedBase(audit);
  if (base) {
    checks.equal(
      "base model root",
      degraded?.modelRoot ?? base.modelRoot,
      record.baseRoot,
      degraded?.source ?? base.source,
    );
    checks.equal("payout root before the round", base.payoutsRoot, record.payoutsRoot, base.source);
  } else {
    checks.blocked("base model root", `settlement ${record.baseSettlement} is not in the logs`);
  }
  const { genesisCid = ZERO_HASH, validationSize = 0 } = federation;
  const words = [
    ...Object.values(record.parameters),
    federation.taskHash,
    federation.genesisRoot,
    genesisCid,
    federation.dimension,
    validationSize,
  ];
  checks.equal(
    "parameters hash",
    keccak(abiWords(words)),
    record.parametersHash,
    "durations, quorum, budget, stakes and task in force",
  );
  await checkOpeningHash(audit, federation.domain);
  await checkSeed(audit);
}

async function checkOpeningHash(
  { checks, record, options }: Audit,
  { chainId, verifyingContract }: { chainId: bigint; verifyingContract: Hex },
): Promise<void> {
  const parentBlockHash = await options.chain.blockHash(record.opened.block - 1);
  if (!parentBlockHash)
    return checks.blocked("opening hash", `the node does not give block ${record.opened.block - 1}`);
  const { round, baseRoot, parametersHash } = record;
  checks.equal(
    "opening hash",
    openingHash({ chainId, contract: verifyingContract, round, baseRoot, parametersHash, parentBlockHash }),
    record.openingHash,
    `binds chain, contract, base model and block ${record.opened.block - 1}`,
  );
  return undefined;
}

/** Without a candidate nobody needs the seed, and it may never be stored. */
async function checkSeed({ checks, record, options }: Audit): Promise<void> {
  if (record.seed === null || record.seedBlock === null) {
    if (record.candidates.length > 0)
      checks.blocked("seed of the draw", "candidates were posted without a seed");
    return;
  }
  const blockHash = await options.chain.blockHash(record.seedBlock);
  if (!blockHash)
    return checks.blocked("seed of the draw", `the node does not give block ${record.seedBlock}`);
  const moved = record.seedBlock - record.opened.block;
  checks.equal(
    "seed of the draw",
    seedOfBlockHash(blockHash),
    record.seed,
    `hash of block ${record.seedBlock}`,
  );
  checks.holds(
    "seed block",
    moved >= 0 && moved % SEED_STRIDE_BLOCKS === 0,
    `${moved} blocks after the opening block`,
  );
  return undefined;
}

/** The model of the last degraded round that the round builds on, if there is one. */
function degradedBase({ view, record }: Audit): { modelRoot: Hex; source: string } | undefined {
  const last = view.rounds.get(record.standsOn.at(-1) ?? 0n);
  const won = last && winnerOf(last);
  return won && { modelRoot: won.candidate.modelRoot, source: `round ${last.round}, degraded` };
}

/** What the round had to build on: the newest round agreed before it and not reverted by then, else genesis. */
function baseOf(
  view: FederationView,
  record: RoundRecord,
  genesisRoot: Hex,
): { modelRoot: Hex; payoutsRoot: Hex; source: string } | undefined {
  if (record.baseSettlement === 0n)
    return { modelRoot: genesisRoot, payoutsRoot: ZERO_HASH, source: "genesis" };
  const settled = baseRecord(view, record);
  const won = settled && winnerOf(settled);
  if (!settled || !won) return undefined;
  const { modelRoot, payoutsRoot } = won.candidate;
  return { modelRoot, payoutsRoot, source: `round ${settled.round}` };
}

/** The round whose settlement this one builds on. Numbers of reverted settlements are used again: the newest counts. */
export function baseRecord(view: FederationView, record: RoundRecord): RoundRecord | undefined {
  return [...view.rounds.values()].findLast(
    (earlier) => earlier.round < record.round && earlier.settlement === record.baseSettlement,
  );
}
