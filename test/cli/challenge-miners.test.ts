import { join } from "node:path";
import { expect } from "chai";
import { createChainWriter, type QuorateWriter } from "../../coordinator/adapters/chain/writer.ts";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import { createMemoryLedger } from "../../coordinator/adapters/ledger/memory-ledger.ts";
import { evidencePath, findOffences, type MinerQuery } from "../../coordinator/cli/challenge-miners.ts";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import { parseRuleText } from "../../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { type Candidate, REASON, type Vote } from "../../coordinator/protocol/round/messages.ts";
import { startChain, TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import {
  byRank,
  createFederation,
  signCandidate,
  signVote,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "../adapters/chain/members.ts";
import { temporaryFolders } from "../ports/temporary-folder.ts";
import { expectCode } from "../protocol/expect-code.ts";
import { DIMENSION, modelOf, smallCandidate } from "../watch/small-candidate.ts";

const STAKE = 1_000n * TOKEN;

describe("challenging miners by hand", function () {
  this.timeout(60_000);
  const newFolder = temporaryFolders();
  let chain: TestChain;
  let federation: TestFederation;
  let challenger: QuorateWriter;
  let candidate: Candidate;
  let stored: Map<Hex, Uint8Array>;
  let liar: TestMiner;

  before(async () => {
    chain = await startChain();
    federation = await createFederation(chain, { stakes: [STAKE, STAKE, STAKE] });
    await federation.miners[0]!.chain.openRound();
    await chain.wait(TEST_PARAMETERS.collectMin);
    const where = { rpcUrl: chain.rpcUrl, roundConsensus: federation.consensus };
    challenger = await createChainWriter({
      ...where,
      wallet: chain.wallet(18),
      ledger: createMemoryLedger(),
    });
    ({ candidate, stored } = await smallCandidate(federation));
    const [primary, , last] = await byRank(federation);
    liar = last!;
    await primary!.chain.propose(candidate, [await signCandidate(federation, primary!, candidate)]);
    const no = await signed({ support: false, reason: REASON.coordinate, reasonIndex: 4n });
    await liar.chain.castVote({ miner: liar.address, vote: no.message, signature: no.signature });
  });
  after(async () => {
    challenger?.close();
    federation?.close();
    await chain?.stop();
  });

  async function signed(change: Partial<Vote>) {
    const { vote } = await signVote(federation, liar, candidate);
    const message: Vote = { ...vote, ...change };
    const signature = await signerOf(liar.key).sign(federation.domain, "Vote", message);
    return { kind: "Vote" as const, message, signature };
  }

  const find = async (query: Pick<MinerQuery, "of" | "miner" | "evidence">) => {
    const view = await challenger.view();
    const search = {
      chain: challenger,
      recoverer: createRecoverer(),
      content: { get: async (digest: Hex) => stored.get(digest)! },
      federation: {
        federation: await challenger.federation(),
        task: { rule: parseRuleText("fedavg") },
        genesis: modelOf(new Float32Array(DIMENSION)),
        modelBytes: 1 << 20,
      } as unknown as LoadedFederation,
      aggregator: () => Promise.reject(new Error("never asked")),
    };
    return findOffences(search, { view, record: view.rounds.get(1n)!, ...query });
  };

  it("finds a false no that was cast, of the miner that is asked for, and refutes it", async () => {
    expect(await find({ of: "refute", miner: federation.miners[0]!.key.address as Hex })).to.deep.equal([]);
    const [offence, ...more] = await find({ of: "refute" });
    expect(more).to.deep.equal([]);
    expect(offence).to.deep.include({
      miner: liar.address,
      what: "said no to coordinate 4, which is right",
    });
    expect((await offence!.prove(challenger.challenger)).bounty).to.equal(30n * TOKEN);
  });

  it("finds two votes, one on chain and one in a miner's evidence file, and proves it", async () => {
    expect(await find({ of: "double-signature" })).to.deep.equal([]);
    const evidence = join(newFolder(), "evidence.jsonl");
    const book = openEvidence(evidence);
    for (const reason of [REASON.score, REASON.payouts])
      book.note({
        signer: liar.key.address as Hex,
        signed: await signed({ support: false, reason, reasonIndex: 0n }),
      });
    const [offence] = await find({ of: "double-signature", evidence });
    expect(offence!.what).to.equal("signed two messages where one is allowed (Vote)");
    const { gas, proven, bounty } = await offence!.prove(challenger.challenger);
    expect(proven.gasUsed > 0n && gas > proven.gasUsed).to.equal(true);
    // 30 % of half of what the first proof left.
    expect(bounty).to.equal(135n * TOKEN);
  });

  it("reads the evidence of the folder's own miner, if it has any, and refuses a file that is not there", () => {
    const folder = newFolder();
    expect(evidencePath(undefined, folder)).to.equal(undefined);
    expectCode("EVIDENCE_MISSING", () => evidencePath(join(folder, "none.jsonl"), folder));
  });
});
