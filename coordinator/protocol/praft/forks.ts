import type { Hex } from "../bytes.ts";
import { type Certified, chargesOf } from "./forensics.ts";
import type { State, Turn } from "./state.ts";
import type { FullBlock, QuorumCertificate } from "./types.ts";

/** A certified chain that leaves the committed one below its end, from where they part up to `hash`; lowest first. */
export function forkedChain(s: State, hash: Hex): FullBlock[] | undefined {
  const chain: FullBlock[] = [];
  for (let full = s.blocks.get(hash); full; full = s.blocks.get(full.block.justify.blockHash)) {
    chain.unshift(full);
    if (full.block.height <= s.committed.height + 1) {
      return full.block.justify.blockHash === s.committed.hash ? undefined : chain;
    }
  }
  return undefined;
}

/** Two conflicting blocks are committed, so members of weight above F lied: does nothing more, and says who, as far as it sees. */
export function halt(turn: Turn, qc: QuorumCertificate, forked: readonly FullBlock[]): void {
  const { s, env, out } = turn;
  s.halted = true;
  const other = certifiedChain([...forked, s.blocks.get(qc.blockHash)!], qc);
  const lowest = other[0]!.block.height;
  const { tail, qc: last } = s.commitProof ?? { tail: [], qc: s.highQc };
  const own = [...s.history.slice(Math.max(0, lowest - 1 - s.historyFrom)), ...tail];
  const charges = chargesOf(env.scheme, s.committee, certifiedChain(own, last), other);
  out.push({ kind: "fork", code: "PRAFT_FORK", height: s.committed.height, charges });
}

/** Each block with its certificate: its child carries it. */
export function certifiedChain(blocks: readonly FullBlock[], last: QuorumCertificate): Certified[] {
  return blocks.map(({ block }, i) => ({ block, qc: blocks[i + 1]?.block.justify ?? last }));
}
