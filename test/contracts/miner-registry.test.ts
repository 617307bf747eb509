import { expect } from "chai";
import { type Federation, fixture, ONE, STAKE } from "./support/federation.ts";
import { URL } from "./support/miners.ts";

/** The totals' storage slot: the one whose low 128 bits hold all stake. */
async function findTotals(f: Federation, registry: string) {
  for (let index = 0; index < 12; ++index) {
    const word = BigInt(await f.helpers.getStorageAt(registry, index));
    if ((word & (2n ** 128n - 1n)) === 2n * STAKE) {
      const without = word & ~(255n << 192n);
      return { index, withMembers: (n: number) => without | (BigInt(n) << 192n) };
    }
  }
  throw new Error("totals not found");
}

describe("registering a miner", () => {
  async function funded() {
    const f = await fixture();
    await f.token.transfer(f.stranger.address, 300_000n * ONE);
    await f.token.connect(f.stranger).approve(f.minerRegistry, f.ethers.MaxUint256);
    return { f, registry: f.minerRegistry.connect(f.stranger), self: f.stranger.address };
  }

  it("takes stake between minimum and maximum", async () => {
    const { f, registry, self } = await funded();
    const max = 100_000n * ONE;
    await expect(registry.register(STAKE - 1n, self, "0x", URL))
      .to.be.revertedWithCustomError(registry, "StakeBelowMinimum")
      .withArgs(STAKE - 1n, STAKE);
    for (const amount of [max + 1n, 2n ** 256n - 1n]) {
      await expect(registry.register(amount, self, "0x", URL))
        .to.be.revertedWithCustomError(registry, "StakeAboveMaximum")
        .withArgs(amount, max);
    }
    await expect(registry.register(max, self, "0x", URL))
      .to.emit(registry, "MinerRegistered")
      .withArgs(self, self, max, URL);
    await expect(registry.register(STAKE, self, "0x", URL)).to.be.revertedWithCustomError(
      registry,
      "AlreadyRegistered",
    );
    for (const amount of [1n, 2n ** 256n - 1n]) {
      await expect(registry.addStake(amount)).to.be.revertedWithCustomError(registry, "StakeAboveMaximum");
    }
    expect(await f.minerRegistry.totalHeld()).to.equal(2n * STAKE + max);
    expect(await f.token.balanceOf(f.minerRegistry)).to.equal(2n * STAKE + max);
  });

  it("needs an endpoint of 1 to 200 bytes", async () => {
    const { registry, self } = await funded();
    for (const url of ["", "x".repeat(201)]) {
      await expect(registry.register(STAKE, self, "0x", url)).to.be.revertedWithCustomError(
        registry,
        "EndpointLength",
      );
    }
    await registry.register(STAKE, self, "0x", "x".repeat(200));
    await expect(registry.setEndpoint("http://other"))
      .to.emit(registry, "EndpointChanged")
      .withArgs(self, "http://other");
  });

  it("refuses a token with a fee on transfer", async () => {
    const f = await fixture();
    const fee = await f.ethers.deployContract("contracts/mocks/FeeToken.sol:FeeToken", [
      f.admin.address,
      10_000n * ONE,
    ]);
    const consensus = await f.consensus.getAddress();
    const registry = await f.ethers.deployContract("MinerRegistry", [fee, consensus]);
    await fee.getFunction("approve")(registry, STAKE);
    await expect(registry.register(STAKE, f.admin.address, "0x", URL))
      .to.be.revertedWithCustomError(registry, "FeeOnTransfer")
      .withArgs(STAKE, STAKE - 1n);
    const pot = await f.ethers.deployContract("RewardDistributor", [fee, consensus, 7n]);
    await fee.getFunction("approve")(pot, STAKE);
    await expect(pot.fund(STAKE))
      .to.be.revertedWithCustomError(pot, "FeeOnTransfer")
      .withArgs(STAKE, STAKE - 1n);
  });

  it("cannot be re-entered through the token", async () => {
    const f = await fixture();
    const token = await f.ethers.deployContract("contracts/mocks/CallbackToken.sol:CallbackToken", [
      f.admin.address,
      10_000n * ONE,
    ]);
    const consensus = await f.consensus.getAddress();
    const registry = await f.ethers.deployContract("MinerRegistry", [token, consensus]);
    await token.getFunction("approve")(registry, f.ethers.MaxUint256);
    await token.getFunction("arm")(registry, registry.interface.encodeFunctionData("withdraw"));
    await expect(registry.register(STAKE, f.admin.address, "0x", URL)).to.be.revertedWithCustomError(
      registry,
      "ReentrancyGuardReentrantCall",
    );
    const pot = await f.ethers.deployContract("RewardDistributor", [token, consensus, 7n]);
    await token.getFunction("approve")(pot, f.ethers.MaxUint256);
    await token.getFunction("arm")(pot, pot.interface.encodeFunctionData("fund", [1n]));
    await expect(pot.fund(1n)).to.be.revertedWithCustomError(pot, "ReentrancyGuardReentrantCall");
  });

  it("with missing contracts cannot be deployed", async () => {
    const f = await fixture();
    const zero = f.ethers.ZeroAddress;
    const consensus = await f.consensus.getAddress();
    for (const name of ["MinerRegistry", "RewardDistributor"] as const) {
      const more = name === "RewardDistributor" ? [7n] : [];
      const factory = await f.ethers.getContractFactory(name as string);
      await expect(factory.deploy(zero, consensus, ...more)).to.be.revertedWithCustomError(
        factory,
        "ZeroAddress",
      );
      await expect(factory.deploy(f.token, zero, ...more)).to.be.revertedWithCustomError(
        factory,
        "ZeroAddress",
      );
    }
  });

  it("stops when the roster is full", async () => {
    const f = await fixture();
    // 253 more seats: queue them by writing the totals' member count instead of 253 registrations.
    const registry = await f.minerRegistry.getAddress();
    const slot = await findTotals(f, registry);
    await f.helpers.setStorageAt(registry, slot.index, slot.withMembers(255));
    await f.token.transfer(f.stranger.address, STAKE);
    await f.token.connect(f.stranger).approve(f.minerRegistry, STAKE);
    const register = f.minerRegistry.connect(f.stranger).register(STAKE, f.stranger.address, "0x", URL);
    await expect(register).to.be.revertedWithCustomError(f.minerRegistry, "TooManyMiners").withArgs(255n);
  });
});
