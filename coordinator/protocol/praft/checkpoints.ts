import { toHex } from "../bytes.ts";
import { weightOf } from "./config.ts";
import type { Turn } from "./state.ts";
import { checkpointDigest } from "./statements.ts";
import type { Checkpoint } from "./types.ts";

/** Collects members' checkpoints; weight ≥ Q over the same content can be anchored. */
export function onCheckpoint({ s, env, out }: Turn, checkpoint: Checkpoint): void {
  const { committee } = s;
  const member = committee.members[checkpoint.signer];
  if (!member || checkpoint.epoch !== committee.epoch) return;
  const before = s.checkpoints[checkpoint.signer];
  if (before && before.height >= checkpoint.height) return;
  const digest = checkpointDigest(committee, checkpoint);
  if (!env.scheme.verify(member.voteKey, digest, checkpoint.signature)) return;
  const content = toHex(digest);
  const weightWith = (mine: boolean) => {
    const same = s.checkpoints.filter(
      (each) =>
        each &&
        (mine || each.signer !== checkpoint.signer) &&
        toHex(checkpointDigest(committee, each)) === content,
    ) as Checkpoint[];
    return {
      same,
      weight: weightOf(
        committee,
        same.map((each) => each.signer),
      ),
    };
  };
  const earlier = weightWith(false).weight;
  s.checkpoints[checkpoint.signer] = checkpoint;
  const { same, weight } = weightWith(true);
  if (earlier < committee.quorum && weight >= committee.quorum)
    out.push({ kind: "anchor", checkpoints: same, after: s.token });
}
