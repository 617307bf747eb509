import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { JsonRpcProvider } from "ethers";
import hre from "hardhat";
import { createMemoryLedger } from "../../coordinator/adapters/ledger/memory-ledger.ts";
import { readDeployment } from "../../coordinator/cli/deployment.ts";
import { FEDAVG } from "../../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { hardhatArtifacts, type ReadArtifact } from "../../scripts/federation/artifact.ts";
import { type DeployOptions, deployFederation } from "../../scripts/federation/deploy.ts";
import { PROFILES } from "../../scripts/federation/parameters.ts";
import { pauseFederation } from "../../scripts/federation/pause.ts";
import { expectRejection } from "../ports/expect-rejection.ts";

const TASK = {
  taskHash: `0x${"01".repeat(32)}`,
  genesisModelRoot: `0x${"02".repeat(32)}`,
  genesisModelCid: `0x${"00".repeat(32)}`,
  dimension: 10,
  validationSize: 100,
} as const;

describe("deployFederation", function () {
  this.timeout(60_000);
  let folder: string;
  let artifact: ReadArtifact;
  const closers: (() => unknown)[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "quorate-deploy-"));
    artifact = await hardhatArtifacts();
  });
  after(async () => {
    for (const close of closers) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A chain of its own, with options to deploy there. */
  async function freshChain(name: string): Promise<DeployOptions & { lines: string[] }> {
    const server = await hre.network.createServer("node", "127.0.0.1", 0);
    const { address, port } = await server.listen();
    const provider = new JsonRpcProvider(`http://${address}:${port}`, undefined, {
      batchMaxCount: 1,
      cacheTimeout: -1,
    });
    closers.push(
      () => provider.destroy(),
      () => server.close(),
    );
    const signer = await provider.getSigner(0);
    const lines: string[] = [];
    return {
      signer,
      artifact,
      ledger: createMemoryLedger(),
      network: name,
      path: join(folder, `${name}.json`),
      profile: PROFILES.demo,
      task: TASK,
      rule: FEDAVG,
      taskFolder: folder,
      log: (line) => void lines.push(line),
      lines,
    };
  }

  it("deploys and records everything a command needs", async () => {
    const options = await freshChain("whole");
    const deployment = await deployFederation(options);
    expect(deployment.complete).to.equal(true);
    expect(Object.keys(deployment.contracts)).to.have.members([
      "AccessManager",
      "FederationToken",
      "MinerRegistry",
      "ClientRegistry",
      "RewardDistributor",
      "FaultProofs",
      "RoundConsensus",
      "RoundLens",
      "RoundRecovery",
      "CheckpointRegistry",
    ]);
    expect(readDeployment(options.path)).to.deep.equal(deployment);
    expect(deployment.commit).to.match(/^(unknown|[0-9a-f]{40}(-dirty)?)$/);
    expect(deployment.taskHash).to.equal(TASK.taskHash);
    for (const { address } of Object.values(deployment.contracts))
      expect(await options.signer.provider.getCode(address)).not.to.equal("0x");
  });

  it("says that everything is there when it runs again, and sends nothing", async () => {
    const options = await freshChain("again");
    const first = await deployFederation(options);
    const block = await options.signer.provider.getBlockNumber();
    options.lines.length = 0;
    expect(await deployFederation(options)).to.deep.equal(first);
    expect(await options.signer.provider.getBlockNumber()).to.equal(block);
    expect(options.lines.every((line) => line.includes("already deployed"))).to.equal(true);
  });

  for (const name of ["MinerRegistry", "RewardDistributor", "RoundConsensus", "FaultProofs"])
    it(`goes on after it was cut off before ${name}`, async () => {
      const options = await freshChain(`cut-${name}`);
      const cut: ReadArtifact = async (wanted) => {
        if (wanted === name) throw new Error("cut off");
        return artifact(wanted);
      };
      await deployFederation({ ...options, artifact: cut }).then(
        () => expect.fail("was not cut off"),
        (error) => expect(error.message).to.equal("cut off"),
      );
      const before = readDeployment(options.path);
      expect(before.complete).to.equal(false);
      const after = await deployFederation(options);
      expect(after.complete).to.equal(true);
      for (const [known, { address }] of Object.entries(before.contracts))
        expect(after.contracts[known]!.address, known).to.equal(address);
    });

  it("deploys the registries again if the deployer's nonce moved on meanwhile", async () => {
    const options = await freshChain("moved");
    const cut: ReadArtifact = async (wanted) => {
      if (wanted === "RoundConsensus") throw new Error("cut off");
      return artifact(wanted);
    };
    await deployFederation({ ...options, artifact: cut }).catch(() => undefined);
    const before = readDeployment(options.path);
    await (await options.signer.sendTransaction({ to: await options.signer.getAddress(), value: 1n })).wait();
    const after = await deployFederation(options);
    expect(after.complete).to.equal(true);
    expect(after.contracts.FederationToken).to.deep.equal(before.contracts.FederationToken);
    expect(after.contracts.MinerRegistry!.address).not.to.equal(before.contracts.MinerRegistry!.address);
  });

  it("refuses a file of another chain or of one that was restarted, unless told to start anew", async () => {
    const old = await freshChain("reset");
    await deployFederation(old);
    const { chainId, ...rest } = JSON.parse(readFileSync(old.path, "utf8"));
    const fresh = { ...(await freshChain("reset")), path: old.path };
    // Two chains started within the same second may have equal genesis blocks; this one surely differs.
    writeFileSync(old.path, JSON.stringify({ ...rest, chainId, genesisBlock: `0x${"09".repeat(32)}` }));
    await expectRejection("DEPLOYMENT_OTHER_CHAIN", deployFederation(fresh));
    writeFileSync(old.path, JSON.stringify({ ...rest, chainId: "1" }));
    await expectRejection("DEPLOYMENT_OTHER_CHAIN", deployFederation(fresh));
    expect((await deployFederation({ ...fresh, fresh: true })).complete).to.equal(true);
    expect(readFileSync(`${old.path}.old`, "utf8")).to.contain('"chainId":"1"');
  });

  it("refuses contracts whose code or arguments are not those of the sources", async () => {
    const options = await freshChain("differs");
    const deployment = await deployFederation(options);
    const other = { ...options, profile: PROFILES.default };
    await expectRejection("DEPLOYMENT_DIFFERS", deployFederation(other));
    const { FederationToken, ...others } = deployment.contracts;
    const moved = { ...FederationToken!, address: deployment.contracts.MinerRegistry!.address as Hex };
    writeFileSync(
      options.path,
      JSON.stringify({ ...deployment, contracts: { ...others, FederationToken: moved } }),
    );
    await expectRejection("DEPLOYMENT_CODE", deployFederation(options));
  });

  it("deploys what its deployer may pause, and let go on", async () => {
    const options = await freshChain("paused");
    const deployment = await deployFederation(options);
    options.lines.length = 0;
    const { ledger, log, signer } = options;
    const funder = { signer, ledger, artifact, deployment, log };
    await pauseFederation(funder, false);
    expect(options.lines.at(-1)).to.match(/^paused +anyone may end it from \d{4}-/);
    await pauseFederation(funder, true);
    expect(options.lines.at(-1)).to.match(/^resumed .* took \d+ s so far$/);
    const again = pauseFederation(funder, true).catch((error) => String(error));
    expect(await again).to.contain("reverted");
  });

  it("works with a token that exists already", async () => {
    const options = await freshChain("token");
    const first = await deployFederation(options);
    const token = first.contracts.FederationToken!.address;
    const second = await deployFederation({ ...options, path: join(folder, "token-2.json"), token });
    expect(second.contracts.FederationToken).to.equal(undefined);
    expect(second.contracts.MinerRegistry!.arguments[0]).to.equal(token);
  });
});
