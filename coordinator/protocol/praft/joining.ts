import { askForBlocks } from "./commit.ts";
import { type Committee, type Config, committeeOf, type Member } from "./config.ts";
import type { Proposal, Ready } from "./messages.ts";
import { ROOTS_KEPT, type State, send, type Turn } from "./state.ts";
import { readyDigest } from "./statements.ts";

/** Heights by which who joins may be behind: its leader may see it so, and others a little later. */
const BEHIND = { leader: ROOTS_KEPT / 2, voter: ROOTS_KEPT } as const;

/** What ends the epoch now, and the proof that goes with it. */
interface Next {
  readonly config: Config;
  readonly ready: readonly Ready[];
}

/** The chain named the next committee; a later naming replaces one that was not final. */
export function onReconfigure({ s, now }: Turn, config: Config): void {
  if (config.epoch !== s.committee.epoch + 1 || config.groupId !== s.committee.groupId) return;
  committeeOf(config);
  if (!s.nextConfig) s.namedAt = now;
  s.nextConfig = config;
}

/** A replica that is to join says how far it is, and asks for more. */
export function announce(turn: Turn): void {
  const { s, env, now } = turn;
  const named = s.nextConfig?.members.some(({ id }) => id === env.id);
  if (s.self >= 0 || s.halted || !named || now < s.announceAt) return;
  s.announceAt = now + env.limits.timeoutFloor;
  const { height } = s.committed;
  const stateRoot = s.roots.get(height)!;
  const signature = env.scheme.sign(env.secretKey, readyDigest(s.committee, height, stateRoot));
  send(turn, "all", { kind: "ready", epoch: s.committee.epoch, height, stateRoot, id: env.id, signature });
  askForBlocks(turn, s.self);
}

export function onReady({ s, env }: Turn, ready: Ready): void {
  const before = s.ready.get(ready.id);
  if (before && before.height >= ready.height) return;
  if (
    joiners(s).some(
      (member) => member.id === ready.id && isSigned(env.scheme, s.committee, { member, ready }),
    )
  )
    s.ready.set(ready.id, ready);
}

/**
 * The config to end the epoch with: the named one, but who joins and is not there does not count. Nothing while there is hope
 * that all come, or if nothing would change.
 */
export function nextOf({ s, env, now }: Turn): Next | undefined {
  const { nextConfig, committed, committee } = s;
  if (!nextConfig) return undefined;
  const ready = joiners(s).flatMap(({ id }) => {
    const said = s.ready.get(id);
    return said && said.height >= committed.height - BEHIND.leader ? [said] : [];
  });
  const config = without(s, nextConfig, ready);
  const all = config.members.length === nextConfig.members.length;
  if (!all && now < s.namedAt + env.limits.joinPatience) return undefined;
  if (config.members.length === 0 || (!all && sameMembers(config, committee))) return undefined;
  return { config, ready };
}

/** True if the proposal ends the epoch with the named config, without just those who don't prove that they are there. */
export function isNext({ s, env }: Turn, { block, ready = [] }: Proposal): boolean {
  if (!s.nextConfig) return false;
  const proven = ready.filter((each) => {
    const member = joiners(s).find(({ id }) => id === each.id);
    if (!member || each.height < s.committed.height - BEHIND.voter) return false;
    const known = s.roots.get(each.height);
    return (
      (known ?? each.stateRoot) === each.stateRoot &&
      isSigned(env.scheme, s.committee, { member, ready: each })
    );
  });
  const config = without(s, s.nextConfig, proven);
  return config.members.length > 0 && committeeOf(config).hash === block.nextConfigHash;
}

function joiners({ nextConfig, committee }: State): readonly Member[] {
  return nextConfig?.members.filter(({ id }) => !committee.members.some((each) => each.id === id)) ?? [];
}

function without(s: State, config: Config, ready: readonly Ready[]): Config {
  const absent = joiners(s).filter(({ id }) => !ready.some((each) => each.id === id));
  return { ...config, members: config.members.filter((member) => !absent.includes(member)) };
}

function isSigned(
  scheme: Turn["env"]["scheme"],
  committee: Committee,
  { member, ready }: { readonly member: Member; readonly ready: Ready },
): boolean {
  if (ready.epoch !== committee.epoch) return false;
  return scheme.verify(
    member.voteKey,
    readyDigest(committee, ready.height, ready.stateRoot),
    ready.signature,
  );
}

function sameMembers(a: Config, b: Config): boolean {
  return (
    a.members.length === b.members.length &&
    a.members.every(({ id, weight }, i) => b.members[i]!.id === id && b.members[i]!.weight === weight)
  );
}
