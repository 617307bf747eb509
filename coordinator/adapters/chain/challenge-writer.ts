import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AbiCoder, keccak256 } from "ethers";
import type { Sent } from "../../ports/chain.ts";
import type {
  Accusation,
  Challenge,
  Challenger,
  Contested,
  Proven,
  Refutation,
} from "../../ports/challenges.ts";
import { type Hex, sameHex, toHex } from "../../protocol/bytes.ts";
import { isQuorateError } from "../../protocol/errors.ts";
import { MODEL_INDEX } from "../../protocol/views/dispute-records.ts";
import { candidateContent, splitSignature } from "./encode.ts";
import type { QuorateReader } from "./reader.ts";
import { callOf, type Transactor } from "./transactions.ts";

/** Until the block after the commitment: chains make one in less, and nodes estimate against the one before. */
const NEXT_BLOCK_TIMEOUT_MS = 120_000;
const NEXT_BLOCK_POLL_MS = 250;
const SALT_BYTES = 16;

/** Files proofs; see contracts/interfaces/IFaultProofs.sol. */
export function createChallenger(reader: QuorateReader, transactor: Transactor): Challenger {
  const { provider, guard, interfaces } = reader.connection;
  const send = (method: string, args: readonly unknown[], round: bigint): Promise<Sent> =>
    transactor.send({ ...callOf(reader, "FaultProofs", method, args), round });

  /** The proof must be mined in a later block than its commitment. */
  const reveal = async (method: string, args: readonly unknown[], round: bigint): Promise<Sent> => {
    const until = Date.now() + NEXT_BLOCK_TIMEOUT_MS;
    for (;;) {
      try {
        return await send(method, args, round);
      } catch (error) {
        if (!isQuorateError(error, "TOO_EARLY") || Date.now() > until) throw error;
        await sleep(NEXT_BLOCK_POLL_MS);
      }
    }
  };

  /**
   * Resolves with the gas it took. A commitment names its challenger, whoever sends it: one that somebody copied out of
   * the transaction pool to be first stands all the same, or a copier could keep every proof away.
   */
  const commit = async (commitment: Hex, round: bigint): Promise<bigint> => {
    try {
      return (await send("commit", [commitment], round)).gasUsed;
    } catch (error) {
      if (isQuorateError(error, "ALREADY_COMMITTED")) return 0n;
      throw error;
    }
  };

  /** Commits to a proof and shows it, with what else the method takes. */
  const file = async ({ method, round, proof, ...args }: Filing): Promise<Proven> => {
    const coder = AbiCoder.defaultAbiCoder();
    // Nobody guesses 16 bytes, and zeros are cheap in a call.
    const salt = `${toHex(randomBytes(SALT_BYTES))}${"00".repeat(32 - SALT_BYTES)}`;
    const [type] = interfaces.FaultProofs.getFunction(method)!.inputs;
    const proofHash = keccak256(coder.encode([type!], [proof]));
    const parts = [proofHash, transactor.account, salt];
    const commitment = keccak256(coder.encode(["bytes32", "address", "bytes32"], parts)) as Hex;
    const committed = await commit(commitment, round);
    const proven = await reveal(method, [proof, ...(args.before ?? []), salt, ...(args.after ?? [])], round);
    return { proven, gas: committed + proven.gasUsed, bounty: await bountyOf(proven) };
  };

  const bountyOf = async ({ hash }: Sent): Promise<bigint> => {
    const receipt = await guard("eth_getTransactionReceipt", () => provider.getTransactionReceipt(hash));
    const events = (receipt?.logs ?? []).map((log) => interfaces.FaultProofs.parseLog(log));
    const paid = events.filter(
      (event) => event?.name === "Punished" && sameHex(event.args.finder, transactor.account),
    );
    return paid.reduce((sum, event) => sum + (event!.args.bounty as bigint), 0n);
  };

  return {
    account: transactor.account,
    prove(challenge) {
      const { round } = challenge.candidate;
      const accused = encodeAccused(challenge.accused);
      const method = "index" in challenge.proof ? "proveReference" : "proveAggregate";
      return file({ method, round, proof: claimed(challenge), after: [accused] });
    },
    proveDouble({ first, second, ...bodies }) {
      const { r: firstR, vs: firstVs } = splitSignature(first);
      const { r: secondR, vs: secondVs } = splitSignature(second);
      const proof = { ...bodies, firstR, firstVs, secondR, secondVs };
      return file({ method: "proveDoubleSignature", round: bodies.round, proof });
    },
    refute(refutation) {
      const { round } = refutation.candidate;
      const { r, vs } = splitSignature(refutation.no);
      const proof = claimed(refutation);
      const { client } = refutation;
      if (!client) return file({ method: "refuteCoordinate", round, proof, after: [r, vs] });
      const signed = { modelCid: client.modelCid, ...splitSignature(client.signature) };
      return file({ method: "refuteReference", round, proof, before: [signed], after: [r, vs] });
    },
    proveReceipt({ proof: { receiptSignature, signerSignature, ...proof }, ...contested }) {
      const { r: receiptR, vs: receiptVs } = splitSignature(receiptSignature);
      const { r: signerR, vs: signerVs } = splitSignature(signerSignature);
      const signatures = { receiptR, receiptVs, signerR, signerVs };
      const { round } = contested.candidate;
      const whole = { claim: claimOf(contested), ...proof, ...signatures };
      return file({ method: "proveBrokenReceipt", round, proof: whole });
    },
    accuse: ({ round, candidate, accused }) =>
      send("accuse", [round, candidate, encodeAccused(accused)], round),
    ...createLeafWrites(reader, transactor, send),
  };
}

type Send = (method: string, args: readonly unknown[], round: bigint) => Promise<Sent>;

function createLeafWrites(
  { connection }: QuorateReader,
  transactor: Transactor,
  send: Send,
): Pick<Challenger, "ask" | "conclude" | "release"> {
  const { contracts, addresses, guard, interfaces } = connection;
  const allowBond = async (round: bigint): Promise<void> => {
    const { FaultProofs: proofs, FederationToken: token } = contracts;
    const bond = await guard("FaultProofs.leafBond", () => proofs.leafBond());
    const spender = addresses.FaultProofs;
    const allowed = await guard("token.allowance", () => token.allowance(transactor.account, spender));
    if (allowed >= bond) return;
    const data = interfaces.FederationToken.encodeFunctionData("approve", [spender, bond]);
    await transactor.send({ to: addresses.FederationToken, data, method: "approve", round });
  };
  return {
    async ask({ index, leaf, references, ...contested }) {
      const { round } = contested.candidate;
      await allowBond(round);
      const place = index === null ? MODEL_INDEX : BigInt(index);
      return send("requestLeaf", [claimOf(contested), references, place, leaf], round);
    },
    conclude({ request, opening, accused }) {
      return send("concludeLeaf", [request, opening, encodeAccused(accused)], request.round);
    },
    release: (request) => send("releaseBond", [request], request.round),
  };
}

function encodeAccused(accused: readonly Accusation[]) {
  return accused.map(({ voter, confidence, signature }) => ({
    voter,
    confidence,
    ...splitSignature(signature),
  }));
}

/** A proof on its way: the method takes it first, then `before`, the salt, `after`. */
interface Filing {
  readonly method: string;
  readonly round: bigint;
  readonly proof: object;
  readonly before?: readonly unknown[];
  readonly after?: readonly unknown[];
}

/** IFaultProofs.AggregateProof or IFaultProofs.ReferenceProof. */
function claimed({ proof, ...contested }: Challenge | Refutation) {
  return { claim: claimOf(contested), ...proof };
}

/** IFaultProofs.Claim. */
function claimOf({ id, candidate, parametersHash, previousBlockHash }: Contested) {
  const { round, baseRoot } = candidate;
  return {
    round,
    candidate: id,
    content: candidateContent(candidate),
    opening: { baseRoot, parametersHash, previousBlockHash },
  };
}
