import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Contract, ContractFactory } from "ethers";
import {
  candidateContent,
  type EncodedVote,
  encodeSettlement,
  encodeVote,
} from "../../../coordinator/adapters/chain/encode.ts";
import type { VoteMessage } from "../../../coordinator/ports/transport.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import type { Candidate } from "../../../coordinator/protocol/round/messages.ts";
import type { TestFederation } from "./members.ts";

const ARTIFACT = "../../../artifacts/contracts/mocks/Forwarder.sol/Forwarder.json";
/** Account that pays. */
const SENDER = 16;

/** Calls RoundConsensus through another contract. */
export interface Forwarder {
  /** With every vote as it is. @returns the transaction */
  settle(round: bigint, votes: readonly VoteMessage[]): Promise<Hex>;
  castVote(vote: VoteMessage): Promise<Hex>;
}

export async function deployForwarder(federation: TestFederation): Promise<Forwarder> {
  const { chain, reader, consensus } = federation;
  const wallet = chain.wallet(SENDER).connect(chain.provider);
  const { abi, bytecode } = JSON.parse(readFileSync(join(import.meta.dirname, ARTIFACT), "utf8"));
  const deployed = await new ContractFactory(abi, bytecode, wallet).deploy();
  await deployed.waitForDeployment();
  const forwarder = new Contract(await deployed.getAddress(), abi, wallet);
  const forward = async (method: string, args: readonly unknown[]): Promise<Hex> => {
    const data = reader.connection.interfaces.RoundConsensus.encodeFunctionData(method, args);
    const sent = await forwarder.forward!(consensus, data);
    await sent.wait();
    return sent.hash;
  };
  const recordOf = async (round: bigint) => (await reader.view()).rounds.get(round)!;
  return {
    async settle(round, messages) {
      const { order } = await reader.round(round);
      const { votes, content } = encodeSettlement(await recordOf(round), order, messages);
      return forward("settle", [round, votes, content]);
    },
    async castVote(message) {
      const { round } = message.vote;
      return forward("castVote", [round, encodeVote(await recordOf(round), message)]);
    },
  };
}

/** Settles directly, with votes as they are given. */
export async function settleWith(
  { chain, reader }: TestFederation,
  candidate: Candidate,
  votes: readonly EncodedVote[],
): Promise<void> {
  const wallet = chain.wallet(SENDER).connect(chain.provider);
  const consensus = reader.connection.contracts.RoundConsensus.connect(wallet);
  const bySeat = votes.toSorted((a, b) => Number(a.seat) - Number(b.seat));
  await (await consensus.settle(candidate.round, bySeat, candidateContent(candidate))).wait();
}
