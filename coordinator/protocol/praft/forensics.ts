import {
  compareRank,
  isQuorumCertificate,
  isTimeoutCertificate,
  largestRank,
  type Signatures,
  sameRank,
} from "./certificates.ts";
import type { Committee } from "./config.ts";
import { hashBlock } from "./encode.ts";
import type { Block, QuorumCertificate, TimeoutCertificate } from "./types.ts";

/** A block and a certificate of it. */
export interface Certified {
  readonly block: Block;
  readonly qc: QuorumCertificate;
}

/**
 * Why certificates cannot all come of honest votes; each stands for itself, by the signatures in it.
 * - `double`: two blocks of one rank, or two that both start the same view: whoever signed both broke the vote rule.
 * - `report`: `child` was certified, so its signers knew its parent's certificate; who is also in `tc`, of that view or a
 *   later one, with a rank below, lied.
 * - `unjustified`: a block that starts a view without proof that it may start there: nobody honest votes for it.
 */
export type Charge =
  | { readonly kind: "double"; readonly first: Certified; readonly second: Certified }
  | { readonly kind: "report"; readonly child: Certified; readonly tc: TimeoutCertificate }
  | { readonly kind: "unjustified"; readonly certified: Certified };

/** Member indices the charge proves guilty, rising; none if it proves nothing. No honest member is ever among them. */
export function culpritsOf(scheme: Signatures, committee: Committee, charge: Charge): number[] {
  const valid = (each: Certified) => isCertifiedBlock(scheme, committee, each);
  switch (charge.kind) {
    case "double": {
      const { first, second } = charge;
      if (!valid(first) || !valid(second) || !excludes(first, second)) return [];
      return first.qc.signers.filter((signer) => second.qc.signers.includes(signer));
    }
    case "report": {
      const { child, tc } = charge;
      const { justify, view } = child.block;
      if (!valid(child) || !isTimeoutCertificate(scheme, committee, tc) || tc.view < view) return [];
      const low = tc.entries.filter((entry) => compareRank(entry, justify) < 0).map(({ signer }) => signer);
      return child.qc.signers.filter((signer) => low.includes(signer));
    }
    case "unjustified": {
      const { certified } = charge;
      return valid(certified) && !isJustified(scheme, committee, certified.block)
        ? [...certified.qc.signers]
        : [];
    }
  }
}

/**
 * Charges from two chains of one epoch that both were committed and conflict: `a` and `b` are the certified blocks from
 * where they part, lowest first, each up to the certified child that committed it. Together the charges convict weight ≥ F + 1.
 */
export function chargesOf(
  scheme: Signatures,
  committee: Committee,
  a: readonly Certified[],
  b: readonly Certified[],
): Charge[] {
  const charges: Charge[] = [...a, ...b]
    .filter(({ block }) => !isJustified(scheme, committee, block))
    .map((certified) => ({ kind: "unjustified", certified }));
  for (const first of a)
    for (const second of b) if (excludes(first, second)) charges.push({ kind: "double", first, second });
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const child of one) {
      if (child.block.justify.view !== child.block.view) continue;
      for (const { block } of other)
        if (block.tc && block.tc.view >= child.block.view)
          charges.push({ kind: "report", child, tc: block.tc });
    }
  }
  return charges.filter((charge) => culpritsOf(scheme, committee, charge).length > 0);
}

function isCertifiedBlock(scheme: Signatures, committee: Committee, { block, qc }: Certified): boolean {
  if (block.epoch !== committee.epoch || block.groupId !== committee.groupId || !sameRank(block, qc))
    return false;
  return hashBlock(block) === qc.blockHash && isQuorumCertificate(scheme, committee, qc);
}

/** Nobody honest votes for both. */
function excludes(a: Certified, b: Certified): boolean {
  if (a.qc.blockHash === b.qc.blockHash) return false;
  return sameRank(a.block, b.block) || (a.block.view === b.block.view && starts(a.block) && starts(b.block));
}

/** Starts its view: its parent is certified in an earlier one. */
export function starts({ view, justify }: Block): boolean {
  return justify.view !== view;
}

/** May be where it is, by what it carries: the part of the vote rule that is the same for everyone. */
function isJustified(scheme: Signatures, committee: Committee, block: Block): boolean {
  const { tc, justify, view, height } = block;
  if (height !== justify.height + 1) return false;
  if (!starts(block)) return tc === undefined;
  if (view === 1) return justify.view === 0;
  if (!tc || tc.view !== view - 1 || compareRank(justify, largestRank(tc)) < 0) return false;
  return isTimeoutCertificate(scheme, committee, tc);
}
