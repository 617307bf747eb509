import type { ChainReader, ChainWriter, Sent } from "../../coordinator/ports/chain.ts";
import { type Hex, sameHex, toHex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { leafRequestId } from "../../coordinator/protocol/faults/leaf.ts";
import type { FakeChain } from "./fake-chain.ts";
import { resume } from "./fake-pause.ts";
import { revert, unknown } from "./fake-state.ts";

/** The chain as one account uses it: answers are copies, and nothing is answered at once. */
export function accountOf(chain: FakeChain, account: Hex): ChainReader & ChainWriter {
  const read = async <T>(value: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (chain.down) throw new QuorateError("RPC_UNREACHABLE", "the fake chain is down");
    return structuredClone(value());
  };
  const send = (method: string, act: () => void): Promise<Sent> =>
    read(() => {
      const round = chain.current()?.round ?? 0n;
      try {
        if (chain.pause && method !== "resume") throw revert("Paused");
        act();
      } catch (error) {
        const refused = error instanceof QuorateError ? error.code : String(error);
        chain.transactions.push({ from: account, method, round, refused });
        throw error;
      }
      chain.block++;
      chain.transactions.push({ from: account, method, round });
      return {
        hash: toHex(Uint8Array.of(chain.block >> 8, chain.block & 255)),
        gasUsed: 1n,
        block: chain.block,
      };
    });
  const { options } = chain;
  return {
    account,
    federation: () => read(() => options.federation),
    parameters: () => read(() => chain.parameters),
    head: () => read(() => chain.head),
    currentRound: () => read(() => chain.viewOf(chain.current())),
    round: (round) => read(() => chain.viewOf(chain.rounds[Number(round) - 1]) ?? unknown(round)),
    miners: () => read(() => options.miners),
    client: (client) => read(() => options.clients.find((record) => sameHex(record.client, client))),
    clients: () => read(() => options.clients),
    latestBlock: () => read(() => ({ number: chain.block, hash: ZERO_HASH, timestamp: chain.time() })),
    pendingTime: () => read(() => chain.time()),
    pause: () => read(() => chain.pause),
    resume: () => send("resume", () => resume(chain)),
    leafRequests: () => read(() => chain.leafRequests),
    answerLeaf: (request, opening) =>
      send("answerLeaf", () => {
        const key = leafRequestId(request);
        if (!chain.leafRequests.some((open) => open.key === key)) throw revert("NoOpenRequest");
        chain.leafRequests = chain.leafRequests.filter((open) => open.key !== key);
        chain.answers.set(key, opening);
      }),
    claimed: (client) => read(() => chain.claimed.get(client.toLowerCase()) ?? 0n),
    finalPayouts: () => read(() => chain.finalPayouts()),
    openRound: () => send("openRound", () => chain.openRound()),
    freezeSeed: () =>
      send("freezeSeed", () => {
        chain.open().seedFrozen = true;
      }),
    propose: (candidate, signatures) => send("propose", () => chain.propose(candidate, signatures)),
    castVote: (vote) => send("castVote", () => chain.castVote(vote)),
    settle: (round, votes) => send("settle", () => chain.settle(round, votes)),
    absentees: () => read(() => chain.absent),
    deactivate: (miner) => send("deactivate", () => chain.deactivate(miner)),
    reactivate: () => send("reactivate", () => chain.reactivate(account)),
    failRound: (round) => send("failRound", () => chain.failRound(round)),
    claim: (client, cumulative) =>
      send("claim", () => void chain.claimed.set(client.toLowerCase(), cumulative)),
  };
}
