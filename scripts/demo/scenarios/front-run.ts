import {
  AbiCoder,
  type Contract,
  isError,
  keccak256,
  type Result,
  type Signer,
  type Transaction,
  type TransactionReceipt,
  ZeroHash,
} from "ethers";
import { contractAt } from "../../federation/accounts.ts";
import { startMiner } from "../federation.ts";
import type { Flow } from "./flow.ts";
import { faultyOf, LIAR, neverWon, ROUNDS, slashed } from "./lies.ts";
import { agreedRounds, must, type Scenario, until } from "./scenario.ts";
import { openSpyingNode } from "./spying-node.ts";

/** The development account that plays the thief: it has ether, and nobody else uses it. */
const THIEF = 9;
const METHOD = "proveAggregate";
/** More than any proof takes: the thief does not ask whether its copy would hold. */
const GAS = 8_000_000n;
/** Those that find the fault. */
const HONEST = [1, 2];

/** Somebody who sees transactions before the chain does, and is always first. */
class FrontRunner {
  readonly proofs: Contract;
  /** Commitments of others that it was first to send. */
  commitments = 0;
  /** The proof it copied, and what became of the copy. */
  stolen: { readonly shown: Transaction; readonly copied: TransactionReceipt } | undefined;

  /** @param proofs with the thief as its runner */
  constructor(proofs: Contract) {
    this.proofs = proofs;
  }

  async look(transaction: Transaction): Promise<void> {
    const { to, data } = transaction;
    if (to?.toLowerCase() !== (await this.proofs.getAddress()).toLowerCase()) return;
    const called = this.proofs.interface.parseTransaction({ data })?.name;
    if (called === "commit") {
      await this.#send(data);
      this.commitments++;
    }
    if (called !== METHOD || this.stolen) return;
    this.stolen = { shown: transaction, copied: await this.#send(data) };
    await this.#send(this.proofs.interface.encodeFunctionData("commit", [await this.#ownCommitment(data)]));
  }

  /** Name of the error that the copied proof is refused with, as of a block. */
  async refusal(blockTag: number, salt?: string): Promise<string> {
    const { interface: abi, runner } = this.proofs;
    const { to, data } = this.stolen!.shown;
    const [proof, , accused] = abi.decodeFunctionData(METHOD, data);
    const shown = salt ? abi.encodeFunctionData(METHOD, [proof, salt, accused]) : data;
    try {
      await (runner as Signer).call({ to, data: shown, blockTag });
      return "none";
    } catch (error) {
      const known = isError(error, "CALL_EXCEPTION") && error.data && abi.parseError(error.data);
      return known ? known.name : String(error);
    }
  }

  /** What it would have had to commit to a block before, with no salt. */
  async #ownCommitment(data: string): Promise<string> {
    const coder = AbiCoder.defaultAbiCoder();
    const [proof] = this.proofs.interface.decodeFunctionData(METHOD, data) as Result;
    const [type] = this.proofs.interface.getFunction(METHOD)!.inputs;
    const proofHash = keccak256(coder.encode([type!], [proof]));
    const thief = await (this.proofs.runner as Signer).getAddress();
    return keccak256(coder.encode(["bytes32", "address", "bytes32"], [proofHash, thief, ZeroHash]));
  }

  async #send(data: string): Promise<TransactionReceipt> {
    const signer = this.proofs.runner as Signer;
    const { hash } = await signer.sendTransaction({
      to: await this.proofs.getAddress(),
      data,
      gasLimit: GAS,
    });
    return (await signer.provider!.waitForTransaction(hash))!;
  }
}

/** The honest miners reach the chain through a node that the thief looks into. */
async function behindSpy(flow: Flow, thief: FrontRunner) {
  const { options, supervisor, federation } = flow;
  const node = await openSpyingNode(federation.rpcUrl, (transaction) => thief.look(transaction));
  await supervisor.stop(HONEST.map((index) => `miner-${index + 1}`));
  for (const index of HONEST) startMiner(options, supervisor, { ...federation, rpcUrl: node.url }, index);
  return node;
}

function bountyOf({ interface: abi }: Contract, { logs }: TransactionReceipt): bigint {
  const punished = logs.map((log) => abi.parseLog(log)).filter((event) => event?.name === "Punished");
  return punished.reduce((sum, event) => sum + (event!.args.bounty as bigint), 0n);
}

/** What the thief has of it. */
async function checkTheft(flow: Flow, thief: FrontRunner): Promise<void> {
  const { provider, funder } = flow.federation;
  must(thief.commitments > 0 && thief.stolen !== undefined, "commitment and proof were copied");
  const { shown, copied } = thief.stolen!;
  const own = (await provider.getTransactionReceipt(shown.hash!))!;
  must(copied.blockNumber < own.blockNumber, "the copy is in a block before the proof");
  must(copied.status === 0 && own.status === 1, "the copy is refused, the proof holds");
  const refused = await thief.refusal(copied.blockNumber - 1);
  must(refused === "NotCommitted", `the thief committed to nothing (${refused})`);
  const late = await thief.refusal(own.blockNumber, ZeroHash);
  must(late === "AlreadyProven", `its commitment made on seeing the proof is too late (${late})`);
  const token = await contractAt(funder, "FederationToken");
  const bounty = bountyOf(thief.proofs, own);
  must(bounty > 0n && (await token.balanceOf!(shown.from)) >= bounty, "the finder has the bounty");
  must((await token.balanceOf!(copied.from)) === 0n, "the thief has nothing");
}

const frontRun: Scenario = {
  name: "front-run-challenger",
  what: "somebody sees a challenger's commitment and proof on their way to the chain, and sends both first",
  settings: { rounds: ROUNDS, miners: 3, anvil: [], faulty: { index: LIAR, fault: "wrong-aggregate-alone" } },
  async run(flow) {
    const { provider, funder } = flow.federation;
    const thief = new FrontRunner(await contractAt(funder, "FaultProofs", await provider.getSigner(THIEF)));
    const node = await behindSpy(flow, thief);
    try {
      const { view } = await slashed(flow);
      const [fault] = [...view.rounds.values()].flatMap(({ faults }) => faults);
      await checkTheft(flow, thief);
      const { from } = thief.stolen!.shown;
      must(fault!.finder.toLowerCase() === from!.toLowerCase(), "the proof is its finder's");
      neverWon(await until(flow, (now) => agreedRounds(now).length >= 1, "an agreed round"), faultyOf(flow));
    } finally {
      await node.close();
    }
    return "the copied commitment stood for the finder; the copied proof was refused (NotCommitted), the finder's own earned the bounty";
  },
};

export const FRONT_RUN = [frontRun];
