import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { id as keccakText, type Result, Signature, TypedDataEncoder } from "ethers";
import type { IRoundConsensus } from "../../../types/contracts/RoundConsensus.ts";
import type { Federation } from "./federation.ts";

/** EIP-712 types of all messages. */
export const TYPES = {
  Update: [
    { name: "round", type: "uint64" },
    { name: "openingHash", type: "bytes32" },
    { name: "baseRoot", type: "bytes32" },
    { name: "modelRoot", type: "bytes32" },
    { name: "modelCid", type: "bytes32" },
    { name: "sampleCount", type: "uint64" },
  ],
  Manifest: [
    { name: "round", type: "uint64" },
    { name: "openingHash", type: "bytes32" },
    { name: "updatesHash", type: "bytes32" },
  ],
  Candidate: [
    { name: "round", type: "uint64" },
    { name: "openingHash", type: "bytes32" },
    { name: "baseRoot", type: "bytes32" },
    { name: "modelRoot", type: "bytes32" },
    { name: "modelCid", type: "bytes32" },
    { name: "updatesHash", type: "bytes32" },
    { name: "manifestCid", type: "bytes32" },
    { name: "payoutsRoot", type: "bytes32" },
    { name: "payoutsTotal", type: "uint256" },
    { name: "updateCount", type: "uint32" },
    { name: "totalSamples", type: "uint64" },
    { name: "validationScore", type: "uint32" },
  ],
  Vote: [
    { name: "round", type: "uint64" },
    { name: "openingHash", type: "bytes32" },
    { name: "candidate", type: "bytes32" },
    { name: "support", type: "bool" },
    { name: "confidence", type: "uint16" },
    { name: "reason", type: "uint8" },
    { name: "reasonIndex", type: "uint64" },
  ],
  Receipt: [
    { name: "round", type: "uint64" },
    { name: "openingHash", type: "bytes32" },
    { name: "client", type: "address" },
    { name: "modelRoot", type: "bytes32" },
  ],
};

export type MessageType = keyof typeof TYPES;
export type Content = IRoundConsensus.CandidateContentStruct;
export type Vote = IRoundConsensus.VoteStruct;

/** A struct as the contract returned it, by field name alone. */
export function plain<T>(struct: T): T {
  return (struct as unknown as Result).toObject() as T;
}

/** What a voter says; defaults make a full yes. */
export interface Opinion {
  candidateIndex?: number;
  support?: boolean;
  confidence?: number;
  reason?: number;
  reasonIndex?: bigint;
}

export async function domain(f: Federation) {
  const { chainId } = await f.ethers.provider.getNetwork();
  return { name: "Quorate", version: "1", chainId, verifyingContract: await f.consensus.getAddress() };
}

/** Compact signature (r, vs) of a message of type `type`. */
export async function sign(
  f: Federation,
  signer: HardhatEthersSigner,
  type: MessageType,
  message: Record<string, unknown>,
): Promise<{ r: string; vs: string }> {
  const raw = await signer.signTypedData(await domain(f), { [type]: TYPES[type] }, message);
  const { r, yParityAndS } = Signature.from(raw);
  return { r, vs: yParityAndS };
}

/** Candidate content that differs by `salt`; pays the first `paid` clients equally. */
export function content(salt: string, over: Partial<Content> = {}): Content {
  return {
    modelRoot: keccakText(`model ${salt}`),
    modelCid: keccakText(`cid ${salt}`),
    updatesHash: keccakText(`updates ${salt}`),
    manifestCid: keccakText(`manifest ${salt}`),
    payoutsRoot: keccakText(`payouts ${salt}`),
    payoutsTotal: 0n,
    updateCount: 3n,
    totalSamples: 300n,
    validationScore: 5_000n,
    ...over,
  };
}

/** Full `Candidate` message of `c` in the open round. */
export async function candidateMessage(f: Federation, c: Content) {
  const round = await f.consensus.currentRound();
  const { openingHash } = await f.lens.roundInfo(round);
  const { modelRoot: baseRoot } = await f.consensus.head();
  return { round, openingHash, baseRoot, ...c };
}

export async function candidateId(f: Federation, c: Content): Promise<string> {
  return TypedDataEncoder.hashStruct(
    "Candidate",
    { Candidate: TYPES.Candidate },
    await candidateMessage(f, c),
  );
}

/** Signers in drawn order. Mines a block if the opening block is still the newest. */
export async function order(f: Federation): Promise<HardhatEthersSigner[]> {
  const round = await f.consensus.currentRound();
  if ((await f.lens.roundInfo(round)).seedBlock >= (await f.ethers.provider.getBlockNumber())) {
    await f.helpers.mine();
  }
  const owners = await f.lens.proposers(round);
  return owners.map((owner) => signerOf(f, owner));
}

export function signerOf(f: Federation, owner: string): HardhatEthersSigner {
  const found = [...f.miners, f.stranger, f.admin].find((s) => s.address === owner);
  if (!found) throw new Error(`no signer for ${owner}`);
  return found;
}

export async function proposerSignature(
  f: Federation,
  signer: HardhatEthersSigner,
  rank: number,
  c: Content,
) {
  return { rank, ...(await sign(f, signer, "Candidate", await candidateMessage(f, c))) };
}

/** Posts `c` signed by these ranks of the drawn order. Moves time to the end of collect's minimum if needed. */
export async function propose(f: Federation, c: Content, ranks: number[] = [0, 1]) {
  const round = await f.consensus.currentRound();
  const drawn = await order(f);
  const info = await f.lens.roundInfo(round);
  const now = BigInt(await f.helpers.time.latest());
  if (now < info.collectMinEnd) await f.helpers.time.increaseTo(info.collectMinEnd);
  const signatures = [];
  for (const rank of ranks) signatures.push(await proposerSignature(f, drawn[rank]!, rank, c));
  return f.consensus.propose(round, c, signatures);
}

/** A signed vote of `miner` on a posted candidate. */
export async function vote(f: Federation, miner: HardhatEthersSigner, opinion: Opinion = {}): Promise<Vote> {
  const round = await f.consensus.currentRound();
  return voteIn(f, round, miner, opinion);
}

export async function voteIn(
  f: Federation,
  round: bigint,
  miner: HardhatEthersSigner,
  opinion: Opinion = {},
): Promise<Vote> {
  const { candidateIndex = 0, support = true, confidence = 10_000, reason = support ? 0 : 4 } = opinion;
  const { reasonIndex = 0n } = opinion;
  const { openingHash } = await f.lens.roundInfo(round);
  const posted = await f.lens.candidates(round);
  const candidate = posted.length > candidateIndex ? posted[candidateIndex]!.id : `0x${"99".repeat(32)}`;
  const message = { round, openingHash, candidate, support, confidence, reason, reasonIndex };
  const seats = await f.minerRegistry.roster();
  const seat = seats.findIndex((s) => s.key === miner.address || s.owner === miner.address);
  return {
    seat: seat < 0 ? 200 : seat,
    candidateIndex,
    support,
    confidence,
    reason,
    reasonIndex,
    ...(await sign(f, miner, "Vote", message)),
  };
}

/** Ascending by seat and candidate, as `settle` wants them. */
export function sorted(votes: Vote[]): Vote[] {
  const place = (v: Vote) => Number(v.seat) * 2 + Number(v.candidateIndex);
  return [...votes].sort((a, b) => place(a) - place(b));
}

/** Payout tree of (client, cumulative). */
export function payoutTree(rows: [string, bigint][]) {
  const ascending = [...rows].sort((a, b) => (BigInt(a[0]) < BigInt(b[0]) ? -1 : 1));
  return StandardMerkleTree.of(ascending, ["address", "uint256"]);
}

/** One agreed round: both proposers sign `c`, all miners vote yes, settled at once. */
export async function agree(f: Federation, c: Content) {
  const proposal = await propose(f, c);
  const round = await f.consensus.currentRound();
  const votes = [];
  const seats = await f.minerRegistry.roster();
  for (const seat of seats) votes.push(await vote(f, signerOf(f, seat.owner)));
  const settlement = await f.consensus.settle(round, sorted(votes), c);
  return { round, proposal, settlement };
}
