import type { Hex } from "../protocol/bytes.ts";
import { readPairs } from "../protocol/decisions/kind.ts";
import { type Ballot, ballotDigest, type Open, taskId, tryDecode } from "../protocol/decisions/operations.ts";
import { updates } from "../protocol/decisions/updates.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import type { Signatures } from "../protocol/praft/certificates.ts";
import type { Committee } from "../protocol/praft/config.ts";
import type { Bundle } from "../protocol/praft/types.ts";
import type { Ordered } from "./replica-options.ts";
import { roundName } from "./round-watch.ts";
import type { RoundKey } from "./signing.ts";

/** Heights a task is open at most to be one of a round's, and that must be left for a ballot to come in time. */
const MOST_HEIGHTS = 4_096;
const LEAST_LEFT = 4;
/** Tasks remembered; anyone may open them. */
const MAX_TASKS = 1_024;

/** A task to freeze a round's updates, as the log shows it. */
export interface RoundTask {
  readonly id: Hex;
  /** Name of its round. */
  readonly round: string;
  readonly closeHeight: number;
  readonly committee: Committee;
  /** Members of the committee that cast a ballot in it. */
  readonly voters: Set<number>;
}

/** What the committee decided for a round: its first task that was decided counts. */
export interface FrozenSubjects {
  readonly task: RoundTask;
  readonly height: number;
  readonly subjects: readonly Hex[];
}

/** Follows the log: which tasks freeze which round's updates, who took part, and what came of it. */
export class RoundTasks {
  private readonly scheme: Signatures;
  private readonly tasks = new Map<Hex, RoundTask>();
  private readonly frozen = new Map<string, FrozenSubjects>();

  constructor(scheme: Signatures) {
    this.scheme = scheme;
  }

  /** True if a round's updates were frozen by this block. */
  note(ordered: Ordered): boolean {
    for (const bundle of ordered.bundles)
      for (const bytes of bundle.operations) this.take(ordered, bundle, bytes);
    const before = this.frozen.size;
    for (const { task: id, outcome, height } of ordered.decisions) {
      const task = this.tasks.get(id);
      this.tasks.delete(id);
      if (!task || !outcome || this.frozen.has(task.round)) continue;
      const subjects = readPairs(outcome).map(([subject]) => subject);
      // Nobody held any yet: a later task may find some.
      if (subjects.length > 0) keep(this.frozen, task.round, { task, height, subjects });
    }
    return this.frozen.size > before;
  }

  frozenOf(round: RoundKey): FrozenSubjects | undefined {
    return this.frozen.get(roundName(round));
  }

  /** The next of a round's open tasks to end, with time for a ballot left. */
  openOf(round: RoundKey, height: number): RoundTask | undefined {
    const name = roundName(round);
    return [...this.tasks.values()]
      .filter((task) => task.round === name && task.closeHeight >= height + LEAST_LEFT)
      .reduce<RoundTask | undefined>((a, b) => (a && a.closeHeight <= b.closeHeight ? a : b), undefined);
  }

  private take(ordered: Ordered, bundle: Bundle, bytes: Uint8Array): void {
    const operation = tryDecode(bytes);
    if (operation?.operation === "open") this.open(ordered, operation);
    else if (operation?.operation === "ballot") this.count(ordered, bundle, operation);
  }

  private open({ committee, height }: Ordered, open: Open): void {
    const window = open.closeHeight - height;
    if (open.kind !== updates.name || window > MOST_HEIGHTS) return;
    const round = roundIn(open.parameters);
    if (!round) return;
    const id = taskId(committee, open);
    if (this.tasks.has(id)) return;
    const { closeHeight } = open;
    keep(this.tasks, id, { id, round: roundName(round), closeHeight, committee, voters: new Set() });
  }

  private count({ committee }: Ordered, bundle: Bundle, ballot: Ballot): void {
    const task = this.tasks.get(ballot.task);
    const member = committee.members[ballot.signer];
    if (!task || !member || task.voters.has(ballot.signer)) return;
    const signed =
      ballot.signature.length === 0
        ? clientOf(bundle) === clientOf({ clientKey: member.voteKey })
        : this.scheme.verify(member.voteKey, ballotDigest(committee, ballot), ballot.signature);
    if (signed) task.voters.add(ballot.signer);
  }
}

/** The oldest goes first. */
function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.set(key, value);
  if (map.size > MAX_TASKS) map.delete(map.keys().next().value!);
}

/** What the parameters of a task name; undefined if they are none of this kind. */
function roundIn(parameters: Uint8Array): RoundKey | undefined {
  try {
    const { round, openingHash } = updates.read(parameters) as { round: number; openingHash: Hex };
    return { round: BigInt(round), openingHash };
  } catch (error) {
    if (!isQuorateError(error)) throw error;
    return undefined;
  }
}
