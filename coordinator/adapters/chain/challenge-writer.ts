import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AbiCoder, keccak256 } from "ethers";
import type { Sent } from "../../ports/chain.ts";
import type { Challenge, Challenger } from "../../ports/challenges.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { isQuorateError } from "../../protocol/errors.ts";
import { candidateContent, splitSignature } from "./encode.ts";
import type { QuorateReader } from "./reader.ts";
import { callOf, type Transactor } from "./transactions.ts";

/** Until the block after the commitment: chains make one in less, and nodes estimate against the one before. */
const NEXT_BLOCK_TIMEOUT_MS = 120_000;
const NEXT_BLOCK_POLL_MS = 250;

/** Files proofs; see contracts/interfaces/IFaultProofs.sol. */
export function createChallenger(reader: QuorateReader, transactor: Transactor): Challenger {
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

  return {
    account: transactor.account,
    async prove(challenge) {
      const coder = AbiCoder.defaultAbiCoder();
      const { method, proof } = encodeProof(challenge);
      const salt = toHex(randomBytes(32));
      const [type] = reader.connection.interfaces.FaultProofs.getFunction(method)!.inputs;
      const proofHash = keccak256(coder.encode([type!], [proof]));
      const parts = [proofHash, transactor.account, salt];
      const commitment = keccak256(coder.encode(["bytes32", "address", "bytes32"], parts)) as Hex;
      const { round } = challenge.candidate;
      const committed = await send("commit", [commitment], round);
      const accused = challenge.accused.map(({ voter, confidence, signature }) => ({
        voter,
        confidence,
        ...splitSignature(signature),
      }));
      const proven = await reveal(method, [proof, salt, accused], round);
      return { committed, proven };
    },
  };
}

/** IFaultProofs.AggregateProof or IFaultProofs.ReferenceProof, and the function that takes it. */
function encodeProof({ id, candidate, parametersHash, previousBlockHash, proof }: Challenge) {
  const { round, baseRoot } = candidate;
  const claim = {
    round,
    candidate: id,
    content: candidateContent(candidate),
    opening: { baseRoot, parametersHash, previousBlockHash },
  };
  const method = "index" in proof ? "proveReference" : "proveAggregate";
  return { method, proof: { claim, ...proof } };
}
