import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { JsonRpcProvider, type Wallet } from "ethers";
import type { NonceParts } from "../../../coordinator/adapters/chain/nonce.ts";
import { createTransactor, type Transactor } from "../../../coordinator/adapters/chain/transactions.ts";
import { openFileLedger } from "../../../coordinator/adapters/ledger/file-ledger.ts";
import { createMemoryLedger } from "../../../coordinator/adapters/ledger/memory-ledger.ts";
import type { GasLedger } from "../../../coordinator/ports/ledger.ts";
import { isQuorateError, type QuorateError } from "../../../coordinator/protocol/errors.ts";
import { hasAnvil, startAnvil } from "../../explorer/chains.ts";
import type { TestChain } from "./federation.ts";

const NOBODY = `0x${"99".repeat(20)}`;
const call = { to: NOBODY, data: "0x01", method: "settle", round: 4n };

/** On anvil: its pool of waiting transactions can be looked into, and made to forget. */
describe("chain adapter: transactions that are not mined", function () {
  this.timeout(60_000);
  let chain: TestChain;
  before(async function () {
    if (!hasAnvil()) return this.skip();
    chain = await startAnvil();
  });
  after(() => chain?.stop());
  beforeEach(() => chain.provider.send("evm_setAutomine", [false]));
  afterEach(() => chain.provider.send("evm_setAutomine", [true]));

  const transactor = (
    wallet: Wallet,
    ledger: GasLedger,
    limits: Pick<NonceParts, "mineTimeoutMs" | "stuckMs"> = {},
  ): Transactor =>
    createTransactor({
      provider: new JsonRpcProvider(chain.rpcUrl, 31_337, {
        staticNetwork: true,
        batchMaxCount: 1,
        cacheTimeout: -1,
      }),
      wallet,
      ledger,
      interfaces: [],
      ...limits,
    });
  const mine = () => chain.mine(1);
  const used = (wallet: Wallet) => chain.provider.getTransactionCount(wallet.address, "latest");
  const waiting = async (wallet: Wallet) =>
    Object.keys((await chain.provider.send("txpool_content", [])).pending[wallet.address.toLowerCase()] ?? {})
      .length;
  const until = async (holds: () => Promise<boolean> | boolean) => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  /** Sends without patience, as a process that dies does. */
  const giveUp = async (wallet: Wallet, ledger: GasLedger): Promise<QuorateError> => {
    const error = await transactor(wallet, ledger, { mineTimeoutMs: 50 })
      .send(call)
      .catch((e: unknown) => e);
    expect(isQuorateError(error, "TRANSACTION_TIMEOUT"), String(error)).to.equal(true);
    return error as QuorateError;
  };
  /** Blocks too dear for what was offered at first. */
  const mineDear = async (times: bigint) => {
    const { baseFeePerGas } = (await chain.provider.getBlock("latest"))!;
    await chain.provider.send("anvil_setNextBlockBaseFeePerGas", [
      `0x${(baseFeePerGas! * times).toString(16)}`,
    ]);
    await mine();
  };

  it("are paid more for while blocks are made without them, and mined once", async () => {
    const [wallet, ledger] = [chain.wallet(1), createMemoryLedger()];
    const sending = transactor(wallet, ledger, { stuckMs: 20 }).send(call);
    await until(() => ledger.pending().length === 1);
    const [first] = ledger.pending();
    await mineDear(4n);
    await until(async () => {
      // As dear as before: empty blocks would get cheaper, until the first offer is enough.
      await mineDear(1n);
      return ledger.rows().length === 1;
    });
    const sent = await sending;
    expect(sent.hash).not.to.equal(first!.hash);
    expect(ledger.rows().map(({ hash }) => hash)).to.deep.equal([sent.hash]);
    expect(ledger.pending()).to.deep.equal([]);
    expect(await used(wallet)).to.equal(1);
  });

  it("never cost more than ten times what was offered at first", async () => {
    const [wallet, ledger] = [chain.wallet(2), createMemoryLedger()];
    const sending = transactor(wallet, ledger, { stuckMs: 10, mineTimeoutMs: 1_500 })
      .send(call)
      .catch((e: unknown) => e);
    await until(() => ledger.pending().length === 1);
    await mineDear(1_000n);
    let over = false;
    void sending.then(() => {
      over = true;
    });
    await until(async () => {
      if (!over) await mineDear(1n);
      return over;
    });
    expect(isQuorateError(await sending, "TRANSACTION_TIMEOUT")).to.equal(true);
    expect(await used(wallet)).to.equal(0);
    expect(ledger.pending()).to.have.length(1);
  });

  it("are not paid more for while the chain makes no blocks", async () => {
    const [wallet, ledger] = [chain.wallet(3), createMemoryLedger()];
    const sending = transactor(wallet, ledger, { stuckMs: 10 }).send(call);
    // Long enough for many a replacement.
    await until(() => ledger.pending().length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [first] = ledger.pending();
    expect(ledger.pending()).to.have.length(1);
    await mine();
    expect((await sending).hash).to.equal(first!.hash);
  });

  it("are sent again after a restart if the node has forgotten them, and not signed anew", async () => {
    const wallet = chain.wallet(4);
    const folder = await mkdtemp(join(tmpdir(), "quorate-replacement-"));
    const path = join(folder, "gas.jsonl");
    const before = await openFileLedger(path);
    const { details } = await giveUp(wallet, before);
    await before.close();
    await chain.provider.send("anvil_dropAllTransactions", []);
    expect(await waiting(wallet)).to.equal(0);

    const ledger = await openFileLedger(path);
    const sending = transactor(wallet, ledger).send(call);
    await until(async () => (await waiting(wallet)) === 1);
    await mine();
    expect((await sending).hash).to.equal(details.hash);
    expect(await used(wallet)).to.equal(1);
    expect([ledger.rows().length, ledger.pending().length]).to.deep.equal([1, 0]);
    await ledger.close();
    await rm(folder, { recursive: true });
  });

  it("come first: another call after a restart takes the next nonce", async () => {
    const [wallet, ledger] = [chain.wallet(5), createMemoryLedger()];
    const { details } = await giveUp(wallet, ledger);
    const sending = transactor(wallet, ledger).send({ ...call, data: "0x02" });
    let told: unknown;
    void sending.then((sent) => {
      told = sent;
    });
    await until(async () => {
      await mine();
      return told !== undefined;
    });
    const second = await sending;
    expect(second.hash).not.to.equal(details.hash);
    expect(ledger.rows().map(({ hash }) => hash)).to.deep.equal([details.hash, second.hash]);
    expect(await used(wallet)).to.equal(2);
  });

  it("stop nobody once another transaction has their nonce", async () => {
    const [wallet, ledger] = [chain.wallet(6), createMemoryLedger()];
    await giveUp(wallet, ledger);
    await chain.provider.send("anvil_dropAllTransactions", []);
    const other = transactor(wallet, createMemoryLedger()).send({ ...call, data: "0x03" });
    await until(async () => (await waiting(wallet)) === 1);
    await mine();
    await other;
    const sending = transactor(wallet, ledger).send(call);
    await until(async () => (await waiting(wallet)) === 1);
    await mine();
    await sending;
    expect(ledger.rows()).to.have.length(1);
    expect(ledger.pending()).to.deep.equal([]);
    expect(await used(wallet)).to.equal(2);
  });
});
