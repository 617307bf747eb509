import { expect } from "chai";
import { type Federation, fixture } from "./support/federation.ts";
import { agree, content, plain } from "./support/round.ts";

async function consent(f: Federation, key: Federation["stranger"], owner: string) {
  const { chainId } = await f.ethers.provider.getNetwork();
  const domain = {
    name: "Quorate",
    version: "1",
    chainId,
    verifyingContract: await f.clientRegistry.getAddress(),
  };
  return key.signTypedData(domain, { Key: [{ name: "owner", type: "address" }] }, { owner });
}

describe("ClientRegistry", () => {
  it("changes take effect with the next round only", async () => {
    const f = await fixture();
    const registry = f.clientRegistry.connect(f.stranger);
    const self = f.stranger.address;
    await expect(registry.register(self, "0x"))
      .to.emit(registry, "ClientChanged")
      .withArgs(self, self, 100_000n, true, 2n, 4n);
    await expect(registry.register(self, "0x"))
      .to.be.revertedWithCustomError(registry, "AlreadyClient")
      .withArgs(self);
    expect((await registry.terms(self)).active).to.equal(false);
    expect((await registry.termsAt(self, 2n)).active).to.equal(true);
    await agree(f, content("1"));
    expect((await registry.terms(self)).active).to.equal(true);
    await registry.setKey(f.admin.address, await consent(f, f.admin, self));
    await f.clientRegistry.setSampleCap(self, 5n);
    expect(plain(await registry.terms(self))).to.deep.equal({ key: self, sampleCap: 100_000n, active: true });
    expect(plain(await registry.termsAt(self, 3n))).to.deep.equal({
      key: f.admin.address,
      sampleCap: 5n,
      active: true,
    });
    expect(await registry.ownerOfKey(f.admin.address)).to.equal(self);
    await agree(f, content("2"));
    await registry.unregister();
    expect((await registry.terms(self)).active).to.equal(true);
    expect((await registry.termsAt(self, 4n)).active).to.equal(false);
    expect(await registry.clientCount()).to.equal(3n);
    await expect(registry.unregister()).to.be.revertedWithCustomError(registry, "NotClient").withArgs(self);
    await expect(registry.setKey(self, "0x")).to.be.revertedWithCustomError(registry, "NotClient");
    await registry.register(self, "0x");
    expect([await registry.everRegistered(), await registry.clientAt(3n)]).to.deep.equal([4n, self]);
  });

  it("admits only the allow list if required, and ends a client taken off it", async () => {
    const f = await fixture();
    const registry = f.clientRegistry.connect(f.stranger);
    const self = f.stranger.address;
    await f.clientRegistry.setAllowListRequired(true);
    await expect(registry.register(self, "0x"))
      .to.be.revertedWithCustomError(registry, "NotAllowed")
      .withArgs(self);
    await expect(f.clientRegistry.setAllowed([self], true))
      .to.emit(registry, "AllowListChanged")
      .withArgs(self, true);
    await registry.register(self, "0x");
    await expect(f.clientRegistry.setAllowed([self, f.admin.address], false)).to.emit(
      registry,
      "ClientChanged",
    );
    expect([await registry.isAllowed(self), (await registry.termsAt(self, 2n)).active]).to.deep.equal([
      false,
      false,
    ]);
    expect(await registry.allowListRequired()).to.equal(true);
  });

  it("caps are set by governance and never 0", async () => {
    const f = await fixture();
    const registry = f.clientRegistry.connect(f.stranger);
    await expect(registry.setDefaultSampleCap(1n)).to.be.revertedWithCustomError(
      registry,
      "AccessManagedUnauthorized",
    );
    await expect(registry.setAllowed([], true)).to.be.revertedWithCustomError(
      registry,
      "AccessManagedUnauthorized",
    );
    await expect(registry.setAllowListRequired(true)).to.be.revertedWithCustomError(
      registry,
      "AccessManagedUnauthorized",
    );
    await expect(registry.setSampleCap(f.stranger.address, 1n)).to.be.revertedWithCustomError(
      registry,
      "AccessManagedUnauthorized",
    );
    await f.clientRegistry.setDefaultSampleCap(7n);
    await registry.register(f.stranger.address, "0x");
    expect((await registry.termsAt(f.stranger.address, 2n)).sampleCap).to.equal(7n);
    expect(await registry.defaultSampleCap()).to.equal(7n);
    await expect(f.clientRegistry.setDefaultSampleCap(0n)).to.be.revertedWithCustomError(
      registry,
      "SampleCapZero",
    );
    await expect(f.clientRegistry.setSampleCap(f.stranger.address, 0n)).to.be.revertedWithCustomError(
      registry,
      "SampleCapZero",
    );
  });

  it("needs consent of a key, and its parts", async () => {
    const f = await fixture();
    const registry = f.clientRegistry.connect(f.stranger);
    await expect(registry.register(f.admin.address, "0x")).to.be.revertedWithCustomError(
      registry,
      "BadKeySignature",
    );
    const taken = registry.register(f.clients[0]!.address, "0x");
    await expect(taken).to.be.revertedWithCustomError(registry, "KeyTaken");
    const factory = await f.ethers.getContractFactory("ClientRegistry");
    const zero = f.ethers.ZeroAddress;
    for (const args of [
      [zero, await f.consensus.getAddress()],
      [f.manager, zero],
    ] as const) {
      await expect(factory.deploy(args[0], args[1], false, 1n)).to.be.revertedWithCustomError(
        factory,
        "ZeroAddress",
      );
    }
    expect(await registry.keyDigest(f.stranger.address)).to.match(/^0x/);
  });

  it("a first round's early end waits for every client", async () => {
    const none = await fixture({ clients: 0 });
    expect((await none.lens.roundInfo(1n)).updateTarget).to.equal(1n);
    const five = await fixture({ clients: 5 });
    expect((await five.lens.roundInfo(1n)).updateTarget).to.equal(5n);
  });
});

describe("FederationToken", () => {
  it("has a cap, a permit, and no way to mint", async () => {
    const f = await fixture();
    expect(await f.token.cap()).to.equal(await f.token.totalSupply());
    expect(f.token.interface.getFunction("mint" as never)).to.equal(null);
    const factory = await f.ethers.getContractFactory("FederationToken");
    await expect(factory.deploy("F", "F", 10n, f.admin.address, 11n)).to.be.revertedWithCustomError(
      factory,
      "ERC20ExceededCap",
    );
    const { chainId } = await f.ethers.provider.getNetwork();
    const domain = { name: "Fed", version: "1", chainId, verifyingContract: await f.token.getAddress() };
    const types = {
      Permit: ["owner", "spender"]
        .map((name) => ({ name, type: "address" }))
        .concat(["value", "nonce", "deadline"].map((name) => ({ name, type: "uint256" }))),
    };
    const message = {
      owner: f.admin.address,
      spender: f.stranger.address,
      value: 5n,
      nonce: 0n,
      deadline: 2n ** 40n,
    };
    const { r, s, v } = f.ethers.Signature.from(await f.admin.signTypedData(domain, types, message));
    await f.token.permit(message.owner, message.spender, 5n, message.deadline, v, r, s);
    expect(await f.token.allowance(message.owner, message.spender)).to.equal(5n);
  });
});

describe("the pot", () => {
  it("takes funds from anyone, not nothing, and not more than 96 bits", async () => {
    const f = await fixture({ fund: 0n, unopened: true });
    await f.token.approve(f.distributor, f.ethers.MaxUint256);
    await expect(f.distributor.fund(0n)).to.be.revertedWithCustomError(f.distributor, "ZeroAmount");
    for (const amount of [2n ** 96n, 2n ** 256n - 1n]) {
      await expect(f.distributor.fund(amount)).to.be.revertedWithCustomError(
        f.distributor,
        "SafeCastOverflowedUintDowncast",
      );
    }
    await expect(f.distributor.fund(5n)).to.emit(f.distributor, "Funded").withArgs(f.admin.address, 5n, 5n);
    expect([
      await f.distributor.funded(),
      await f.distributor.latest(),
      await f.distributor.latestFinal(),
    ]).to.deep.equal([5n, 0n, 0n]);
  });
});
