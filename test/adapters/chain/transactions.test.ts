import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";
import { createTransactor, type Transactor } from "../../../coordinator/adapters/chain/transactions.ts";
import { openFileLedger } from "../../../coordinator/adapters/ledger/file-ledger.ts";
import { createMemoryLedger } from "../../../coordinator/adapters/ledger/memory-ledger.ts";
import type { GasLedger } from "../../../coordinator/ports/ledger.ts";
import { isQuorateError, type QuorateError } from "../../../coordinator/protocol/errors.ts";
import { startChain, type TestChain } from "./federation.ts";

const NOBODY = `0x${"99".repeat(20)}`;

describe("chain adapter: transactions", function () {
  this.timeout(60_000);
  let chain: TestChain;
  before(async () => {
    chain = await startChain();
  });
  after(() => chain?.stop());
  afterEach(() => chain.provider.send("evm_setAutomine", [true]));

  const transactor = (wallet: Wallet, ledger: GasLedger, mineTimeoutMs?: number): Transactor =>
    createTransactor({
      provider: new JsonRpcProvider(chain.rpcUrl, 31_337, {
        staticNetwork: true,
        batchMaxCount: 1,
        cacheTimeout: -1,
      }),
      wallet,
      ledger,
      interfaces: [],
      ...(mineTimeoutMs && { mineTimeoutMs }),
    });
  const call = { to: NOBODY, data: "0x", method: "settle", round: 4n };

  it("sends concurrent calls one after the other, each recorded once", async () => {
    const ledger = createMemoryLedger();
    const { send, account } = transactor(chain.wallet(1), ledger);
    const sent = await Promise.all(Array.from({ length: 8 }, () => send(call)));
    expect(new Set(sent.map(({ hash }) => hash)).size).to.equal(8);
    expect(ledger.rows().map(({ hash }) => hash)).to.deep.equal(sent.map(({ hash }) => hash));
    const [row] = ledger.rows();
    expect(row).to.deep.include({
      round: 4n,
      phase: "settle",
      actor: account,
      method: "settle",
      status: "success",
    });
    expect(row!.fee).to.equal(row!.gasUsed * row!.effectiveGasPrice);
    expect(row!.time).to.equal((await chain.provider.getBlock(row!.block))!.timestamp);
  });

  it("shares a key with another process", async () => {
    const ledger = createMemoryLedger();
    const [one, other] = [transactor(chain.wallet(2), ledger), transactor(chain.wallet(2), ledger)];
    // Equal calls with one nonce would be one transaction.
    const calls = Array.from({ length: 6 }, (_, k) => ({ ...call, data: `0x0${k}` }));
    await Promise.all(calls.map((each, k) => (k % 2 ? one : other).send(each)));
    expect(ledger.rows()).to.have.length(6);
    expect(ledger.pending()).to.deep.equal([]);
  });

  it("finds after a restart what was sent before it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quorate-transactions-"));
    const path = join(folder, "gas.jsonl");
    const ledger = await openFileLedger(path);
    await chain.provider.send("evm_setAutomine", [false]);
    const lost = await transactor(chain.wallet(3), ledger, 200)
      .send(call)
      .catch((error: unknown) => error);
    expect(isQuorateError(lost, "TRANSACTION_TIMEOUT")).to.equal(true);
    expect(ledger.rows()).to.deep.equal([]);
    await ledger.close();
    await chain.provider.send("evm_mine", []);
    await chain.provider.send("evm_setAutomine", [true]);

    const reopened = await openFileLedger(path);
    expect(reopened.pending()).to.have.length(1);
    const again = transactor(chain.wallet(3), reopened);
    await again.reconcile();
    await again.reconcile();
    expect(reopened.rows()).to.have.length(1);
    expect(reopened.rows()[0]).to.deep.include({ method: "settle", round: 4n, status: "success" });
    await reopened.close();
    await rm(folder, { recursive: true });
  });

  it("does not send again what was mined after it gave up waiting", async () => {
    const ledger = createMemoryLedger();
    const patient = transactor(chain.wallet(4), ledger, 200);
    await chain.provider.send("evm_setAutomine", [false]);
    const late = await patient.send(call).catch((error: unknown) => error);
    expect(isQuorateError(late, "TRANSACTION_TIMEOUT")).to.equal(true);
    await chain.provider.send("evm_mine", []);
    await chain.provider.send("evm_setAutomine", [true]);
    const nonce = () => chain.provider.getTransactionCount(patient.account);
    const before = await nonce();
    expect((await patient.send(call)).hash).to.equal((late as QuorateError).details.hash);
    expect(await nonce()).to.equal(before);
    expect(ledger.rows()).to.have.length(1);
    // The result was told: whoever asks from now on means another one.
    await patient.send(call);
    expect(await nonce()).to.equal(before + 1);
    expect(ledger.rows()).to.have.length(2);
    expect(ledger.pending()).to.deep.equal([]);
  });

  it("says who lacks money, and sends nothing", async () => {
    const ledger = createMemoryLedger();
    const poor = new Wallet(`0x${"42".repeat(32)}`);
    const error = await transactor(poor, ledger)
      .send(call)
      .catch((e: unknown) => e);
    expect(isQuorateError(error, "INSUFFICIENT_FUNDS"), String(error)).to.equal(true);
    expect([ledger.rows(), ledger.pending()]).to.deep.equal([[], []]);
  });
});
