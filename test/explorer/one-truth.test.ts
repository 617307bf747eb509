import { expect } from "chai";
import type { ExplorerServer } from "../../coordinator/adapters/explorer/server.ts";
import { gasBy } from "../../coordinator/protocol/ledger/report.ts";
import { summaryOfRound } from "../../coordinator/protocol/views/summary.ts";
import { connect, type Federation } from "../../explorer/chain/federation.ts";
import { advance, emptyHistory, type History, viewAround } from "../../explorer/chain/history.ts";
import { createRpc } from "../../explorer/chain/rpc.ts";
import { ledgerRows } from "../../explorer/state/ledger.ts";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import { expectViewEqualsGetters } from "../adapters/chain/views.ts";
import { hasAnvil, startAnvil } from "./chains.ts";
import { type Played, play } from "./play.ts";
import { serve } from "./serve.ts";

// The explorer reads with viem, the command line with ethers; both must tell what the contracts tell.
const CHAINS: [string, () => Promise<TestChain>][] = [["hardhat", startChain]];
if (hasAnvil()) CHAINS.push(["anvil", startAnvil]);

for (const [name, start] of CHAINS)
  describe(`explorer = command line = contracts, on ${name}`, function () {
    this.timeout(120_000);
    let chain: TestChain;
    let played: Played;
    let server: ExplorerServer;
    let federation: Federation;
    let history: History;

    before(async () => {
      chain = await start();
      played = await play(chain);
      const { consensus } = played.federation;
      server = await serve({ rpcUrl: chain.rpcUrl, consensus });
      federation = await connect(createRpc(`${server.url}/rpc`), `${server.url}/`);
      history = emptyHistory(federation);
      await advance(federation, history, await chain.provider.getBlockNumber(), () => {});
    });
    after(async () => {
      await server?.stop();
      played?.federation.close();
      await chain?.stop();
    });

    it("folds the same view, to the last unit", async () => {
      await expectViewEqualsGetters(played.federation);
      expect(history.view).to.deep.equal(await played.federation.reader.view());
      expect([...history.view.rounds.values()].map(({ status }) => status)).to.deep.equal([
        "agreed",
        "agreed",
        "failed",
        "open",
      ]);
    });

    it("finds the same contracts", () => {
      const { AccessManager: _, ...own } = federation.addresses;
      expect(own).to.deep.equal(played.federation.reader.connection.addresses);
    });

    it("tells every round as `quorate rounds --json` does", async () => {
      const view = await played.federation.reader.view();
      for (const record of view.rounds.values())
        expect(summaryOfRound(history.view.rounds.get(record.round)!, 0)).to.deep.equal(
          summaryOfRound(record, 0),
        );
    });

    it("accounts for the same gas as `quorate gas`", async () => {
      const rows = await ledgerRows(federation, history, [...history.traces.values()]);
      const theirs = await played.federation.reader.gasLedger();
      expect(rows).to.deep.equal(theirs);
      expect(gasBy("phase", rows).map(({ key }) => key)).to.deep.equal([
        "setup",
        "open",
        "propose",
        "vote",
        "settle",
        "claim",
      ]);
    });

    it("reads an older round again as it was", async () => {
      const forgotten = { ...history, view: { ...history.view, rounds: new Map() } };
      const view = await viewAround(federation, forgotten, 2n);
      expect(view.rounds.get(2n)).to.deep.equal(history.view.rounds.get(2n));
    });
  });
