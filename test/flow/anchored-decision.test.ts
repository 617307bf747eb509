import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { freePorts } from "../../scripts/demo/folder.ts";
import { type CommandResult, quorate } from "../../scripts/demo/quorate.ts";
import { startChain, type TestChain, WHOLE_ROUND } from "../adapters/chain/federation.ts";
import { createFederation, type TestFederation, TOKEN } from "../adapters/chain/members.ts";

const SUBJECTS = [`0x${"a1".repeat(32)}`, `0x${"b2".repeat(32)}`] as const;
const PATIENCE_MS = 60_000;

/** A replica in a process of its own, and what it said so far. */
interface Running {
  readonly child: ChildProcess;
  text: string;
}

describe("a decision of four replicas, anchored on a chain", function () {
  this.timeout(240_000);
  let chain: TestChain;
  let f: TestFederation;
  let folder: string;
  let at: string[];
  let proof: string;
  let task: string;
  const replicas: Running[] = [];

  const envOf = (member: number) => ({ QUORATE_PRIVATE_KEY: f.miners[member]!.key.privateKey });
  const inFolder = (name: string) => join(folder, name);
  const committee = () => ["--committee", inFolder("committee.json"), "--timeout", "60"];

  before(async () => {
    chain = await startChain();
    f = await createFederation(chain, { stakes: new Array(4).fill(1_000n * TOKEN) });
    await f.miners[1]!.chain.openRound();
    folder = await mkdtemp(join(tmpdir(), "quorate-anchored-"));
    at = ["--rpc", chain.rpcUrl, "--contract", f.consensus];
  });
  after(async () => {
    await stopAll();
    f?.close();
    await chain?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function start(member: number, place: string, ...more: string[]): Running {
    const args = ["coordinator/cli/quorate.js", "praft", "replica", "--log-level", "error", ...more];
    const where = ["--committee", inFolder("committee.json"), "--folder", inFolder(place)];
    const child = spawn(process.execPath, [...args, ...where], {
      env: { ...process.env, ...envOf(member) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const replica: Running = { child, text: "" };
    child.stderr!.on("data", (chunk: Buffer) => {
      replica.text += chunk;
    });
    replicas.push(replica);
    return replica;
  }

  async function stopAll(): Promise<void> {
    for (const { child } of replicas.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }

  async function decide(member: number, ...words: string[]): Promise<CommandResult> {
    const result = await quorate(["decision", ...words, ...committee()], envOf(member));
    expect(result.code, result.err).to.equal(0);
    return result;
  }

  const openTask = async (heights: number): Promise<string> => {
    const words = ["--kind", "select", "--subject", ...SUBJECTS, "--heights", String(heights), "--json"];
    return JSON.parse((await decide(0, "open", ...words)).out).task;
  };

  it("is founded from the miners' roster", async () => {
    const ports = await freePorts(4);
    const members = [];
    for (const i of f.miners.keys()) {
      const { out } = await quorate(["praft", "identity"], envOf(i));
      await writeFile(inFolder(`member-${i}.json`), out);
      members.push(`${inFolder(`member-${i}.json`)}@127.0.0.1:${ports[i]}`);
    }
    const few = await quorate(["praft", "founders", ...at, "--member", ...members.slice(1)]);
    expect(few.err).to.match(/^error COMMITTEE_INCOMPLETE/);
    const { out, err } = await quorate(["praft", "founders", ...at, "--member", ...members]);
    expect(JSON.parse(out).members, err).to.have.length(4);
    await writeFile(inFolder("committee.json"), out);
    const key = ["--folder", inFolder("founder")];
    const founded = await quorate(["praft", "found", ...at, ...key], envOf(1));
    expect(founded.out, founded.err).to.match(/^committee 0x[0-9a-f]{64} founded in /);
    const again = await quorate(["praft", "found", ...at, ...key], envOf(1));
    expect(again.err).to.match(/ALREADY_FOUNDED/);
  });

  it("is opened, voted on and told by replicas that anchor what they decide", async () => {
    for (const i of f.miners.keys())
      start(i, `replica-${i}`, ...at, "--anchor-heights", "1", "--anchor-seconds", "1");
    task = await openTask(100);
    for (const member of [0, 1, 2])
      for (const [i, subject] of SUBJECTS.entries())
        await decide(member, "vote", "--task", task, "--subject", subject, "--score", `${6_000 + 900 * i}`);
    const { out } = await decide(3, "show", "--task", task, "--json");
    expect(JSON.parse(out).outcome).to.deep.equal([{ subject: SUBJECTS[1], value: 6_900 }]);
  });

  it("is proven from a replica's folder once a checkpoint holds it, and verified from the chain alone", async () => {
    proof = inFolder("proof.json");
    const words = ["prove", ...at, "--folder", inFolder("replica-2"), "--task", task, "--out", proof];
    let made = await quorate(["decision", ...words]);
    for (const until = Date.now() + PATIENCE_MS; made.code !== 0 && Date.now() < until; await sleep(250)) {
      expect(made.err).to.match(/NOTHING_ANCHORED|DECISION_NOT_ANCHORED|DECISION_UNKNOWN/);
      made = await quorate(["decision", ...words]);
    }
    expect(made.code, made.err).to.equal(0);
    await stopAll();
    const checked = await quorate(["decision", "verify", ...at, "--proof", proof, "--json"]);
    expect(checked.code, checked.err).to.equal(0);
    expect(JSON.parse(checked.out)).to.deep.include({
      task,
      outcome: [{ subject: SUBJECTS[1], value: 6_900 }],
    });
  });

  it("is nothing that a changed file proves, nor a chain on which it was not anchored", async () => {
    const changed = JSON.parse(await readFile(proof, "utf8"));
    changed.decision.height++;
    await writeFile(inFolder("changed.json"), JSON.stringify(changed));
    const verify = (file: string) => quorate(["decision", "verify", ...at, "--proof", inFolder(file)]);
    const refused = await verify("changed.json");
    expect([refused.code, refused.err.split(":")[0]]).to.deep.equal([1, "error PROOF_FALSE"]);
    await writeFile(inFolder("later.json"), JSON.stringify({ ...changed, checkpoint: 900 }));
    expect((await verify("later.json")).err).to.match(/^error CHECKPOINT_UNKNOWN/);
  });

  it("is followed by those of the next committee, when the roster has changed by much", async () => {
    const follow = [...at, "--follow-roster", "--anchor-heights", "1", "--anchor-seconds", "1"];
    for (const i of f.miners.keys()) start(i, `replica-${i}`, ...follow);
    await f.admin(chain.wallet(2)).topUp(1_000n * TOKEN);
    await chain.wait(WHOLE_ROUND);
    await f.miners[1]!.chain.failRound(1n);
    await f.miners[1]!.chain.openRound();
    const { checkpoints } = f.miners[1]!.chain;
    await openTask(200);
    for (const until = Date.now() + PATIENCE_MS; (await checkpoints.head()).epoch === 0; await sleep(250))
      expect(Date.now(), replicas.map(({ text }) => text).join("")).to.be.lessThan(until);
    const { epoch, newest } = await checkpoints.head();
    expect([epoch, newest!.content.nextConfigHash === ZERO_HASH]).to.deep.equal([1, false]);
    await stopAll();
  });

  it("is in every history that a new replica believes: one made up later by the same keys is refused", async () => {
    // Nobody of these three asks the chain: they make up a history from the start.
    for (const i of [0, 1, 2]) start(i, `forged-${i}`);
    await openTask(5_000);
    const fresh = start(3, "fresh", ...at);
    const [code] = await once(fresh.child, "exit");
    expect(code).to.equal(1);
    expect(fresh.text).to.match(
      /^error PRAFT_ANCHOR: the history lacks a checkpoint that is final on the chain/m,
    );
  });
});
