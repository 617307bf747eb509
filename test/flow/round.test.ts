import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import { withCleanup } from "../../coordinator/cli/cleanup.ts";
import { createObserver } from "../../scripts/demo/observer.ts";
import { quorate } from "../../scripts/demo/quorate.ts";
import { parseReport } from "../../scripts/demo/report-schema.ts";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";
import { readMetrics } from "../adapters/metrics/read-metrics.ts";

describe("two rounds by real processes", function () {
  this.timeout(150_000);
  let flow: Flow;
  const keyOf = (user: Flow["federation"]["clients"][number]) => [
    "--keystore",
    user.keystore,
    "--password-file",
    user.passwordFile,
  ];

  before(async () => {
    flow = await startFlow({ rounds: 2 });
  });
  after(() => flow?.stop());

  it("agrees on one candidate signed by both miners, in both rounds", async () => {
    for (const round of [1, 2]) {
      const record = await flow.ended(round);
      expect(record.status).to.equal("agreed");
      expect(record.candidates).to.have.length(1);
      expect(record.candidates[0]!.signers).to.have.length(2);
      expect(record.candidates[0]!.candidate.updateCount).to.equal(3);
      expect(record.countedVotes.map(({ support }) => support)).to.deep.equal([true, true]);
      expect(record.ratioBps).to.equal(10_000);
    }
  });

  it("is verified by a process that shares nothing with the miners, over HTTP and over bitswap", async () => {
    const { code, out } = await quorate(["verify", "--round", "2", ...flow.at]);
    expect(out).to.match(/round 2: all \d+ checks hold/);
    expect(code).to.equal(0);
    const info = (await (await fetch(`${flow.federation.endpoints[1]}/v1/info`)).json()) as {
      peers: string[];
    };
    const overBitswap = await quorate(["verify", "--round", "1", ...flow.at, "--ipfs", info.peers[0]!]);
    expect(overBitswap.code, overBitswap.out + overBitswap.err).to.equal(0);
  });

  it("finds every file at a single named miner", async () => {
    const { code } = await quorate([
      "verify",
      "--round",
      "1",
      ...flow.at,
      "--ipfs",
      flow.federation.endpoints[0]!,
    ]);
    expect(code).to.equal(0);
  });

  it("refuses files of a source that lies", async () => {
    const liar = createServer((_, response) => response.end("other bytes"));
    await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
    const { port } = liar.address() as { port: number };
    const source = ["--ipfs", `http://127.0.0.1:${port}`];
    const { code } = await quorate(["verify", "--round", "1", ...flow.at, ...source]);
    liar.close();
    expect(code).to.equal(1);
  });

  it("writes a model that matches the chain", async () => {
    const file = join(flow.options.out, "model.safetensors");
    const { code, out } = await quorate([
      "model",
      "get",
      "--round",
      "1",
      "--out",
      file,
      "--json",
      ...flow.at,
    ]);
    expect(code).to.equal(0);
    const record = await flow.ended(1);
    expect(JSON.parse(out).modelRoot).to.equal(record.candidates[0]!.candidate.modelRoot);
    expect(readFileSync(file).length).to.equal(JSON.parse(out).bytes);
  });

  it("tells status, rounds and gas", async () => {
    const status = JSON.parse((await quorate(["status", "--json", ...flow.at])).out);
    expect(status.head.round).to.equal("2");
    expect(status.miners).to.have.length(2);
    const rounds = JSON.parse((await quorate(["rounds", "--json", ...flow.at])).out);
    expect(rounds.map(({ status: outcome }: { status: string }) => outcome)).to.deep.equal([
      "agreed",
      "agreed",
    ]);
    const ledgers = ["--ledger", flow.options.out];
    const gas = JSON.parse((await quorate(["gas", "--json", ...flow.at, ...ledgers])).out);
    const receipts = await Promise.all(
      gas.rows.map(({ hash }: { hash: string }) => flow.federation.provider.getTransactionReceipt(hash)),
    );
    const used = receipts.reduce((sum, receipt) => sum + receipt.gasUsed, 0n);
    expect(gas.total.gasUsed).to.equal(String(used));
    for (const words of [["status"], ["rounds"], ["gas"]])
      expect((await quorate([...words, ...flow.at])).code).to.equal(0);
  });

  it("pays every client once its rounds are final, and nothing twice", async () => {
    for (const index of [1, 2, 3]) expect(await flow.supervisor.waitForExit(`client-${index}`)).to.equal(0);
    const tokens = await flow.chain.view();
    const promised = tokens.settlements.get(tokens.latestSettlement)!.total;
    expect(tokens.claimed).to.equal(promised);
    expect(promised).to.equal(200n * 10n ** 18n);
    const again = await quorate(["client", "claim", ...keyOf(flow.federation.clients[0]!), ...flow.at]);
    expect(again.out).to.equal("nothing to claim");
    expect(again.code).to.equal(0);
    const status = await quorate([
      "client",
      "status",
      "--json",
      ...keyOf(flow.federation.clients[0]!),
      ...flow.at,
    ]);
    expect(JSON.parse(status.out)).to.include({ owed: "0", pending: "0" });
    expect(JSON.parse(status.out).rounds).to.have.length(2);
  });

  it("reports the run in the documented schema", async () => {
    await withCleanup(async (cleanup) => {
      const observer = await createObserver(flow.federation, flow.options.out, cleanup);
      for (const round of [1, 2]) await observer.observe(await flow.ended(round));
      const report = parseReport(await observer.report(1));
      expect(report.rounds.map(({ final }) => final)).to.deep.equal([true, true]);
      expect(report.rounds[0]!.gas.open).to.be.greaterThan(0);
      expect(report.rounds[1]!.gas.open).to.equal(0);
      const paid = Object.values(report.rounds[1]!.payouts).reduce((sum, value) => sum + BigInt(value), 0n);
      expect(paid).to.equal(100n * 10n ** 18n);
    });
  });

  it("shows its metrics over HTTP, and tells the outcome of every round in its log", async () => {
    const log = readFileSync(join(flow.options.out, "logs", "miner-1.log"), "utf8");
    const page = await readMetrics(/"metricsUrl":"([^"]+)"/.exec(log)![1]!);
    expect(page.get('quorate_rounds_total{outcome="agreed",reason="AGREED"}')).to.be.at.least(2);
    expect(page.get('quorate_votes_total{support="yes",reason="none"}')).to.be.at.least(4);
    expect(page.get('quorate_uploads_total{code="ACCEPTED"}')).to.be.at.least(6);
    expect(page.get("quorate_miner_stake_tokens")).to.equal(1_000);
    expect(page.get("quorate_chain_reachable")).to.equal(1);
    const ledger = readFileSync(join(flow.options.out, "miners", "1", "gas.jsonl"), "utf8").split("\n");
    const rows = ledger.filter(Boolean).map((line) => JSON.parse(line));
    const spent = new Map<string, number>();
    for (const { method, gasUsed } of rows)
      if (gasUsed) spent.set(method, (spent.get(method) ?? 0) + Number(gasUsed));
    for (const [method, gas] of spent)
      expect(page.get(`quorate_gas_used_total{method="${method}"}`), method).to.equal(gas);
    for (const round of ["1", "2"])
      expect(log).to.match(
        new RegExp(`"round":"${round}","status":"agreed","reason":"AGREED","phase":"ended"`),
      );
  });

  it("says clearly what is wrong with chain, port and folder", async () => {
    const down = await quorate([
      "status",
      "--rpc",
      "http://127.0.0.1:9",
      "--contract",
      flow.federation.contract,
    ]);
    expect(down.code).to.equal(1);
    expect(down.err).to.match(/^error RPC_UNREACHABLE: /);
    const stranger = await quorate([
      "status",
      "--rpc",
      flow.federation.rpcUrl,
      "--contract",
      `0x${"11".repeat(20)}`,
    ]);
    expect(stranger.err).to.match(/^error CONTRACT_MISSING: /);
    const deployment = { ...flow.federation.funder.deployment, chainId: "1" };
    const otherChain = join(flow.options.out, "other-chain.json");
    writeFileSync(otherChain, JSON.stringify(deployment));
    const other = await quorate(["status", "--rpc", flow.federation.rpcUrl, "--deployment", otherChain]);
    expect(other.err).to.match(/^error CHAIN_MISMATCH: /);
    const miner = flow.federation.miners[0]!;
    const start = ["miner", "run", ...keyOf(miner), ...flow.at];
    expect((await quorate(start)).err).to.match(/^error JOURNAL_LOCKED: /);
    const elsewhere = ["--folder", join(flow.options.out, "elsewhere")];
    expect((await quorate([...start, ...elsewhere])).err).to.match(/^error PORT_IN_USE: /);
    // A file where the folder should be: even root can't write there.
    const file = ["--folder", join(miner.keystore, "folder")];
    expect((await quorate([...start, ...file])).err).to.match(/^error FOLDER_UNWRITABLE: /);
  });
});
