import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ContractFactory } from "ethers";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import { type SourcifyServer, startSourcify } from "./sourcify-server.ts";

/** No development chain: the plugin refuses those. */
const CHAIN_ID = 7_001;

describe("hardhat verify against a Sourcify server", function () {
  this.timeout(240_000);
  let chain: TestChain;
  let sourcify: SourcifyServer;
  before(async () => {
    chain = await startChain(CHAIN_ID);
    sourcify = await startSourcify(chain.provider);
  });
  after(async () => {
    await sourcify?.stop();
    await chain?.stop();
  });

  async function deploy(supply: bigint): Promise<{ address: string; words: string[] }> {
    const path = "artifacts/contracts/FederationToken.sol/FederationToken.json";
    const { abi, bytecode } = JSON.parse(readFileSync(path, "utf8"));
    const owner = chain.wallet(0);
    const values = ["Federation Token", "FED", supply, owner.address, supply];
    const contract = await new ContractFactory(abi, bytecode, owner.connect(chain.provider)).deploy(
      ...values,
    );
    await contract.waitForDeployment();
    return { address: await contract.getAddress(), words: values.map(String) };
  }

  function verify(address: string, words: readonly string[]): Promise<{ code: number | null; text: string }> {
    const hardhat = ["node_modules/hardhat/dist/src/cli.js", "verify", "sourcify", "--network", "custom"];
    const env = { ...process.env, QUORATE_RPC_URL: chain.rpcUrl, QUORATE_SOURCIFY_URL: sourcify.url };
    const child = spawn(process.execPath, [...hardhat, address, ...words], { env });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += part));
    return new Promise((done) => child.on("close", (code) => done({ code, text })));
  }

  it("publishes sources that compile to the chain's code", async () => {
    const { address, words } = await deploy(10n ** 24n);
    const { code, text } = await verify(address, words);
    expect(code, text).to.equal(0);
    expect(text).to.contain("verified successfully on Sourcify");
    expect([...sourcify.verified]).to.include(address.toLowerCase());
    const again = await verify(address, words);
    expect(again.code, again.text).to.equal(0);
    expect(again.text).to.contain("already been verified");
  });

  it("fails where there is other code", async () => {
    const { address, words } = await deploy(10n ** 24n);
    const code = await chain.provider.getCode(address);
    const other = code.replace("6080", "6081");
    expect(other).to.not.equal(code);
    await chain.provider.send("hardhat_setCode", [address, other]);
    const refused = await verify(address, words);
    expect(refused.code, refused.text).to.not.equal(0);
    expect([...sourcify.verified]).to.not.include(address.toLowerCase());
  });
});
