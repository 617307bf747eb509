import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { JsonRpcProvider } from "ethers";
import hre from "hardhat";
import { createKeystore } from "../../coordinator/adapters/keys/keystore.ts";
import { openFileLedger } from "../../coordinator/adapters/ledger/file-ledger.ts";
import { FEDAVG } from "../../coordinator/protocol/aggregation/rule.ts";
import { quorate } from "../../scripts/demo/quorate.ts";
import {
  contractAt,
  type Funder,
  fundEther,
  fundTokens,
  type User,
  userIn,
} from "../../scripts/federation/accounts.ts";
import { hardhatArtifacts } from "../../scripts/federation/artifact.ts";
import { deployFederation } from "../../scripts/federation/deploy.ts";
import { PROFILES } from "../../scripts/federation/parameters.ts";

const TOKEN = 10n ** 18n;
const TASK = {
  taskHash: `0x${"01".repeat(32)}`,
  genesisModelRoot: `0x${"02".repeat(32)}`,
  genesisModelCid: `0x${"00".repeat(32)}`,
  dimension: 10,
  validationSize: 100,
} as const;

describe("commands of miners' owners and clients on a chain", function () {
  this.timeout(60_000);
  let folder: string;
  let funder: Funder;
  let provider: JsonRpcProvider;
  let at: string[];
  const closers: (() => unknown)[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "quorate-admin-"));
    const server = await hre.network.createServer("node", "127.0.0.1", 0);
    const { address, port } = await server.listen();
    const rpcUrl = `http://${address}:${port}`;
    provider = new JsonRpcProvider(rpcUrl, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
    closers.push(
      () => provider.destroy(),
      () => server.close(),
    );
    const signer = await provider.getSigner(0);
    const artifact = await hardhatArtifacts();
    const path = join(folder, "deployment.json");
    const log = () => {};
    const profile = PROFILES.demo;
    const ledger = await openFileLedger(join(folder, "gas.jsonl"));
    closers.push(() => ledger.close());
    const common = {
      signer,
      artifact,
      ledger,
      network: "test",
      path,
      profile,
      task: TASK,
      rule: FEDAVG,
      taskFolder: folder,
      log,
    };
    const deployment = await deployFederation(common);
    funder = { signer, artifact, ledger, deployment, log };
    at = ["--rpc", rpcUrl, "--deployment", path];
  });
  after(async () => {
    for (const close of closers) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A new account with gas and 3,000 tokens, and the arguments that name its key. */
  async function account(name: string): Promise<{ user: User; key: string[] }> {
    const user = await userIn(join(folder, name), { fast: true });
    await fundEther(funder, user.wallet.address, 10n ** 18n);
    await fundTokens(funder, user.wallet.address, 3_000n * TOKEN);
    return { user, key: ["--keystore", user.keystore, "--password-file", user.passwordFile] };
  }

  const infoOf = async (user: User) =>
    (await contractAt(funder, "MinerRegistry")).minerInfo!(user.wallet.address);
  const ENDPOINT = ["--endpoint", "http://127.0.0.1:9001"];

  it("stakes: registers once, then adds", async () => {
    const { user, key } = await account("staker");
    const stake = (amount: string, ...more: string[]) =>
      quorate(["miner", "stake", "--amount", amount, ...more, ...key, ...at]);
    const nowhere = await stake("1000");
    expect(nowhere.err).to.match(/^error USAGE: --endpoint is missing/);
    expect(nowhere.code).to.equal(2);
    const little = await stake("999.5", ...ENDPOINT);
    expect(little.err).to.match(/^error STAKE_BELOW_MINIMUM: /);
    expect(little.code).to.equal(1);
    const much = await stake(String((2n ** 256n - 1n) / TOKEN), ...ENDPOINT);
    expect(much.err).to.match(/^error [A-Z_0-9]+: /);
    expect(much.code).to.equal(1);
    const staked = await stake("1000", ...ENDPOINT, "--json");
    expect(staked.code, staked.err).to.equal(0);
    expect((await provider.getTransactionReceipt(JSON.parse(staked.out).hash))?.status).to.equal(1);
    expect((await infoOf(user)).stake).to.equal(1_000n * TOKEN);
    expect((await stake("0.5")).code).to.equal(0);
    expect((await infoOf(user)).stake).to.equal(1_000n * TOKEN + TOKEN / 2n);
  });

  it("changes the voting key only with that key's consent", async () => {
    const { user, key } = await account("keyed");
    await quorate(["miner", "stake", "--amount", "1000", ...ENDPOINT, ...key, ...at]);
    const keystore = join(folder, "voting.json");
    const voting = await createKeystore(keystore, "secret", { fast: true });
    const change = ["miner", "key", "--new-keystore", keystore, ...key, ...at];
    expect((await quorate(change)).err).to.match(/^error KEY_MISSING: /);
    const wrong = await quorate(change, { QUORATE_NEW_PASSWORD: "guess" });
    expect(wrong.err).to.match(/^error KEYSTORE_PASSWORD: /);
    const changed = await quorate(change, { QUORATE_NEW_PASSWORD: "secret" });
    expect(changed.code, changed.err).to.equal(0);
    expect((await infoOf(user)).nextKey).to.equal(voting);
  });

  it("lets nobody leave, withdraw or come back who may not", async () => {
    const { key } = await account("stranger");
    for (const name of ["exit", "withdraw", "reactivate"]) {
      const { code, err } = await quorate(["miner", name, ...key, ...at]);
      expect(err, name).to.match(/^error (NOT_REGISTERED|WRONG_STATUS|NOTHING_UNBONDING): /);
      expect(code).to.equal(1);
    }
  });

  it("leaves with the whole stake, which waits for the unbonding delay", async () => {
    const { user, key } = await account("leaver");
    await quorate(["miner", "stake", "--amount", "2000", ...ENDPOINT, ...key, ...at]);
    const left = await quorate(["miner", "exit", ...key, ...at]);
    expect(left.code, left.err).to.equal(0);
    const registry = await contractAt(funder, "MinerRegistry");
    await (await registry.applyQueued!()).wait();
    const early = await quorate(["miner", "withdraw", ...key, ...at]);
    expect(early.err).to.match(/^error (STILL_UNBONDING|NOTHING_UNBONDING): /);
    const { unbonding, releaseAt } = await infoOf(user);
    expect(unbonding).to.equal(2_000n * TOKEN);
    await provider.send("evm_setNextBlockTimestamp", [`0x${releaseAt.toString(16)}`]);
    await provider.send("evm_mine", []);
    const paid = await quorate(["miner", "withdraw", ...key, ...at]);
    expect(paid.code, paid.err).to.equal(0);
    const token = await contractAt(funder, "FederationToken");
    expect(await token.balanceOf!(user.wallet.address)).to.equal(3_000n * TOKEN);
  });

  it("registers a client once", async () => {
    const { key } = await account("client");
    expect((await quorate(["client", "register", ...key, ...at])).code).to.equal(0);
    const again = await quorate(["client", "register", ...key, ...at]);
    expect(again.err).to.match(/^error ALREADY_CLIENT: /);
    expect(again.code).to.equal(1);
  });

  it("says so when there is nothing to claim, nothing to verify and no round", async () => {
    const { key } = await account("idle");
    const claim = await quorate(["client", "claim", ...key, ...at]);
    expect(claim.out).to.match(/^nothing to claim/);
    expect(claim.code).to.equal(0);
    const verify = await quorate(["verify", "--round", "1", ...at]);
    expect(verify.err).to.match(/^error ROUND_UNKNOWN: /);
    expect(verify.code).to.equal(1);
    expect((await quorate(["status", ...at])).out).to.contain("no round was opened yet");
  });

  it("counts every transaction in the gas ledger, failed ones too", async () => {
    const gas = JSON.parse((await quorate(["gas", "--json", "--ledger", folder, ...at])).out);
    const receipts = await Promise.all(
      gas.rows.map(({ hash }: { hash: string }) => provider.getTransactionReceipt(hash)),
    );
    expect(gas.total.gasUsed).to.equal(String(receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)));
    const methods = new Set(gas.rows.map(({ method }: { method: string }) => method));
    for (const method of ["register", "approve", "addStake", "setKey", "exit", "withdraw"])
      expect(methods.has(method), method).to.equal(true);
  });
});
