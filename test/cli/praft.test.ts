import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { quorate } from "../../scripts/demo/quorate.ts";
import { eventually } from "../ports/peer-transport.suite.ts";

const keyOf = (i: number): string => `0x${String(i + 1).repeat(64)}`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("quorate praft", function () {
  this.timeout(120_000);
  let folder: string;
  let committee: string;
  const replicas: ChildProcess[] = [];
  const operations = [0, 0, 0, 0];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quorate-praft-"));
    committee = join(folder, "committee.json");
    const members = [];
    for (let i = 0; i < 4; i++) {
      const { out } = await quorate(["praft", "identity"], { QUORATE_PRIVATE_KEY: keyOf(i) });
      members.push({ ...JSON.parse(out), weight: 1, address: `127.0.0.1:${await freePort()}` });
    }
    await writeFile(committee, JSON.stringify({ groupId: `0x${"77".repeat(32)}`, epoch: 0, members }));
  });
  after(async () => {
    for (const replica of replicas) replica.kill("SIGKILL");
    await rm(folder, { recursive: true });
  });

  /** A process of its own; counts what it says is executed since its start. */
  function start(i: number): void {
    operations[i] = 0;
    const args = ["coordinator/cli/quorate.js", "praft", "replica", "--json", "--log-level", "error"];
    const child = spawn(
      process.execPath,
      [...args, "--committee", committee, "--folder", join(folder, `${i}`)],
      {
        env: { ...process.env, QUORATE_PRIVATE_KEY: keyOf(i) },
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    let rest = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) operations[i]! += JSON.parse(line).operations;
    });
    replicas[i] = child;
  }

  const submit = (...texts: string[]) =>
    quorate(["praft", "client", "--committee", committee, "--timeout", "60", "--operation", ...texts], {
      QUORATE_PRIVATE_KEY: keyOf(8),
    });

  it("orders in four processes, goes on when one is killed, and takes it back", async () => {
    for (let i = 0; i < 4; i++) start(i);
    expect((await submit("a", "b")).out).to.match(/^bundle 1: 2 operations executed after \d+ ms$/);
    replicas[1]!.kill("SIGKILL");
    expect((await submit("c")).out).to.match(/^bundle 2: 1 operations/);
    start(1);
    expect((await submit("d")).out).to.match(/^bundle 3: 1 operations/);
    await eventually(() => operations.every((count) => count === 4));
  });

  const decide = async (member: number, ...args: string[]) => {
    const at = ["--committee", committee, "--timeout", "60"];
    const { out, err } = await quorate(["decision", ...args, ...at], { QUORATE_PRIVATE_KEY: keyOf(member) });
    return `${out}${err}`;
  };

  it("decides by members' ballots, and tells what weight above F says", async () => {
    const [good, better] = [`0x${"a1".repeat(32)}`, `0x${"b2".repeat(32)}`];
    const opened = await decide(
      8,
      "open",
      "--kind",
      "select",
      "--subject",
      good,
      better,
      "--heights",
      "400",
      "--json",
    );
    const { task } = JSON.parse(opened);
    const votes = [0, 1, 2].flatMap((member) =>
      [good, better].map((subject, i) => [
        "vote",
        "--task",
        task,
        "--subject",
        subject,
        "--score",
        `${7_000 + 500 * i + member}`,
      ]),
    );
    for (const [i, vote] of votes.entries())
      expect(await decide(i >> 1, ...vote)).to.match(/^member \d scored 0x/);
    expect(await decide(8, ...votes[0]!)).to.match(/COMMITTEE_STRANGER/);
    const { kind, outcome } = JSON.parse(await decide(8, "show", "--task", task, "--json"));
    expect([kind, outcome]).to.deep.equal(["select", [{ subject: better, value: 7_501 }]]);
  });

  it("orders over libp2p as well, if the committee file says so", async () => {
    for (const replica of replicas) replica.kill("SIGKILL");
    const file = JSON.parse(await readFile(committee, "utf8"));
    await writeFile(committee, JSON.stringify({ ...file, transport: "libp2p" }));
    for (let i = 0; i < 3; i++) start(i);
    expect((await submit("e")).out).to.match(/^bundle \d+: 1 operations/);
    await writeFile(committee, JSON.stringify({ ...file, transport: "pigeon" }));
    expect((await submit("f")).err).to.match(/^error COMMITTEE_MALFORMED: .*transport is pigeon/);
    await writeFile(committee, JSON.stringify(file));
  });

  it("orders and decides with BLS keys as well, whose owners prove that they have them", async () => {
    for (const replica of replicas) replica.kill("SIGKILL");
    for (let i = 0; i < 4; i++) await rm(join(folder, `${i}`), { recursive: true, force: true });
    const file = JSON.parse(await readFile(committee, "utf8"));
    const members = [];
    for (const [i, { weight, address }] of file.members.entries()) {
      const { out } = await quorate(["praft", "identity", "--scheme", "bls"], {
        QUORATE_PRIVATE_KEY: keyOf(i),
      });
      members.push({ ...JSON.parse(out), weight, address });
    }
    await writeFile(committee, JSON.stringify({ ...file, members, scheme: "bls" }));
    for (let i = 0; i < 3; i++) start(i);
    const subject = `0x${"c3".repeat(32)}`;
    const select = ["open", "--kind", "select", "--subject", subject, "--heights", "150", "--json"];
    const { task } = JSON.parse(await decide(8, ...select));
    for (const member of [0, 1, 2])
      await decide(member, "vote", "--task", task, "--subject", subject, "--score", `${5_000 + member}`);
    const { outcome } = JSON.parse(await decide(8, "show", "--task", task, "--json"));
    expect(outcome).to.deep.equal([{ subject, value: 5_001 }]);
    await writeFile(committee, JSON.stringify(file));
  });

  it("says what is wrong with a committee file, a key that is not in it, and replicas that are not there", async () => {
    const bad = join(folder, "bad.json");
    await writeFile(
      bad,
      JSON.stringify({ groupId: `0x${"77".repeat(32)}`, epoch: 0, members: [{ id: "x" }] }),
    );
    const env = { QUORATE_PRIVATE_KEY: keyOf(7) };
    const malformed = await quorate(["praft", "client", "--committee", bad, "--operation", "a"], env);
    expect(malformed.err).to.match(/^error COMMITTEE_MALFORMED: .*the member id x is not/);
    expect(malformed.code).to.equal(2);
    const at = ["--folder", join(folder, "7"), "--committee", committee];
    expect((await quorate(["praft", "replica", ...at], env)).err).to.match(/^error COMMITTEE_STRANGER/);
    for (const replica of replicas) replica.kill("SIGKILL");
    const args = ["praft", "client", "--committee", committee, "--operation", "a", "--timeout", "1"];
    const alone = await quorate(args, env);
    expect(alone.err).to.match(/^error PRAFT_UNANSWERED/);
    expect(alone.code).to.equal(1);
  });
});
