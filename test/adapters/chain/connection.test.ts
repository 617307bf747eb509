import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { CONTRACT_NAMES, loadInterfaces } from "../../../coordinator/adapters/chain/artifacts.ts";
import { codeOfErrorName, revertError } from "../../../coordinator/adapters/chain/errors.ts";
import { createChainReader } from "../../../coordinator/adapters/chain/reader.ts";
import { createChainWriter } from "../../../coordinator/adapters/chain/writer.ts";
import { createMemoryLedger } from "../../../coordinator/adapters/ledger/memory-ledger.ts";
import { isQuorateError, type QuorateError } from "../../../coordinator/protocol/errors.ts";
import { EVENT_FIELDS } from "../../../coordinator/protocol/views/events.ts";
import { startChain, type TestChain } from "./federation.ts";
import { createFederation, type TestFederation, TOKEN } from "./members.ts";

async function failure(action: Promise<unknown>): Promise<QuorateError> {
  return action.then(
    () => {
      throw new Error("it succeeded");
    },
    (error: QuorateError) => error,
  );
}

/** Forwards to an RPC node and remembers the methods that were called. */
async function startProxy(target: string): Promise<{ url: string; calls: string[]; stop(): Promise<void> }> {
  const calls: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    calls.push(JSON.parse(body).method);
    const answer = await fetch(target, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("chain adapter: connection", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  before(async () => {
    chain = await startChain();
    federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1000n * TOKEN] });
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });
  const where = () => ({ rpcUrl: chain.rpcUrl, roundConsensus: federation.consensus });

  it("finds everything from the RPC URL and RoundConsensus", async () => {
    const { connection } = federation.reader;
    const { contracts, deployBlock, domain } = await federation.reader.federation();
    expect(Object.keys(contracts)).to.have.members([...CONTRACT_NAMES]);
    for (const address of Object.values(contracts))
      expect(await connection.provider.getCode(address)).to.not.equal("0x");
    expect(domain).to.deep.equal({ chainId: 31_337n, verifyingContract: federation.consensus });
    // The first block with an event of a constructor.
    const logs = await connection.provider.getLogs({
      fromBlock: 0,
      address: Object.values(contracts).filter((address) => address !== contracts.FederationToken),
    });
    expect(deployBlock).to.be.at.most(logs[0]!.blockNumber);
    expect(deployBlock).to.be.greaterThan(0);
  });

  it("refuses another chain, an address without the contract, and a port where nobody listens", async () => {
    expect(await failure(createChainReader({ ...where(), chainId: 1n }))).to.deep.include({
      code: "CHAIN_MISMATCH",
      details: { rpcUrl: chain.rpcUrl, expected: 1n, actual: 31_337n },
    });
    const { FederationToken } = federation.reader.connection.addresses;
    for (const roundConsensus of [`0x${"12".repeat(20)}`, FederationToken] as const)
      expect(await failure(createChainReader({ ...where(), roundConsensus }))).to.deep.include({
        code: "CONTRACT_MISSING",
      });
    const nobody = createChainReader({ ...where(), rpcUrl: "http://127.0.0.1:1" });
    expect((await failure(nobody)).code).to.equal("RPC_UNREACHABLE");
    const folder = await mkdtemp(join(tmpdir(), "quorate-artifacts-"));
    expect((await failure(createChainReader({ ...where(), artifactsFolder: folder }))).code).to.equal(
      "ARTIFACTS_MISSING",
    );
    await rm(folder, { recursive: true });
  });

  it("says RPC_UNREACHABLE while the node is down, and goes on when it is back", async () => {
    const proxy = await startProxy(chain.rpcUrl);
    const reader = await createChainReader({ ...where(), rpcUrl: proxy.url });
    const ledger = createMemoryLedger();
    const writer = await createChainWriter({
      ...where(),
      rpcUrl: proxy.url,
      wallet: chain.wallet(1),
      ledger,
    });
    await proxy.stop();
    for (const call of [
      () => reader.currentRound(),
      () => reader.head(),
      () => reader.claimed(chain.wallet(1).address as `0x${string}`),
      () => writer.openRound(),
    ])
      expect((await failure(call())).code).to.equal("RPC_UNREACHABLE");
    expect(ledger.rows()).to.deep.equal([]);
    reader.close();
    writer.close();
    expect(await federation.reader.currentRound()).to.equal(undefined);
  });

  it("asks once a poll while no block is added", async () => {
    const proxy = await startProxy(chain.rpcUrl);
    const reader = await createChainReader({ ...where(), rpcUrl: proxy.url });
    await reader.currentRound();
    proxy.calls.length = 0;
    for (const read of [reader.currentRound, reader.miners, reader.clients, reader.parameters]) await read();
    expect(proxy.calls).to.deep.equal(Array(4).fill("eth_getBlockByNumber"));
    await chain.mine(1);
    proxy.calls.length = 0;
    await reader.currentRound();
    expect(proxy.calls).to.include("eth_getLogs");
    expect(proxy.calls.length).to.be.at.most(3);
    reader.close();
    await proxy.stop();
  });

  it("knows every event of the contracts, and their fields", () => {
    const interfaces = loadInterfaces();
    const known = new Map<string, string[]>(
      Object.entries(EVENT_FIELDS).map(([name, fields]) => [name, Object.keys(fields).sort()]),
    );
    const seen = new Set<string>();
    for (const name of [
      "RoundConsensus",
      "MinerRegistry",
      "ClientRegistry",
      "RewardDistributor",
      "FaultProofs",
      "CheckpointRegistry",
    ] as const)
      interfaces[name].forEachEvent((event) => {
        // OpenZeppelin's own: who governs, and which domain signatures have.
        if (["AuthorityUpdated", "EIP712DomainChanged"].includes(event.name)) return;
        seen.add(event.name);
        expect(known.get(event.name), event.name).to.deep.equal(
          event.inputs.map((input) => input.name).sort(),
        );
      });
    expect([...seen].sort()).to.deep.equal([...known.keys()].sort());
  });

  it("has every function it calls", () => {
    const interfaces = loadInterfaces();
    const used = {
      RoundConsensus: [
        "openRound",
        "freezeSeed",
        "propose",
        "castVote",
        "settle",
        "failRound",
        "wiring",
        "lens",
        "task",
        "head",
      ],
      MinerRegistry: [
        "register",
        "addStake",
        "setKey",
        "setEndpoint",
        "exit",
        "withdraw",
        "reactivate",
        "deactivate",
        "applyQueued",
        "token",
      ],
      ClientRegistry: ["register", "setKey", "unregister", "setAllowed", "setSampleCap"],
      RewardDistributor: ["fund", "claim", "claimed"],
      FaultProofs: ["commit", "proveAggregate"],
      FederationToken: ["approve", "allowance", "balanceOf", "transfer"],
    } as const;
    for (const [contract, functions] of Object.entries(used))
      for (const name of functions)
        expect(
          interfaces[contract as keyof typeof used].getFunction(name),
          `${contract}.${name}`,
        ).to.not.equal(null);
  });

  it("turns custom errors into codes with their values", () => {
    expect(
      ["NotEnoughMiners", "Undecided", "ERC20InsufficientBalance", "KeyIsContract", "RoundTooSoon"].map(
        codeOfErrorName,
      ),
    ).to.deep.equal([
      "NOT_ENOUGH_MINERS",
      "UNDECIDED",
      "ERC20_INSUFFICIENT_BALANCE",
      "KEY_IS_CONTRACT",
      "ROUND_TOO_SOON",
    ]);
    const interfaces = Object.values(loadInterfaces());
    const data = loadInterfaces().RoundConsensus.encodeErrorResult("NotEnoughMiners", [1, 2]);
    const error = revertError(data, "openRound", { interfaces });
    expect(error.code).to.equal("NOT_ENOUGH_MINERS");
    expect(error.details).to.deep.include({ active: 1n, needed: 2n, what: "openRound" });
    expect(error.message).to.contain("NotEnoughMiners(active 1, needed 2)");
    expect(revertError("0x", "settle", { interfaces }).code).to.equal("CONTRACT_REVERTED");
    expect(revertError("0x12345678", "settle", { interfaces }).code).to.equal("CONTRACT_REVERTED");
  });

  it("gives the contracts' refusals of bad set-up", async () => {
    const admin = federation.admin(chain.wallet(5));
    const bank = federation.admin(chain.wallet(0));
    const stake = 1000n * TOKEN;
    await bank.transferToken(chain.wallet(5).address as `0x${string}`, stake);
    const endpoint = "http://127.0.0.1:1";
    const refusals = [
      [() => admin.registerMiner({ stake: stake - 1n, endpoint }), "STAKE_BELOW_MINIMUM"],
      [() => admin.registerMiner({ stake: 2n ** 256n - 1n, endpoint }), "STAKE_ABOVE_MAXIMUM"],
      [() => admin.registerMiner({ stake: 2n * stake, endpoint }), "ERC20_INSUFFICIENT_BALANCE"],
      [() => admin.registerMiner({ stake, endpoint: "" }), "ENDPOINT_LENGTH"],
      [() => admin.registerMiner({ stake, endpoint, key: chain.wallet(19) }), "KEY_TAKEN"],
      [() => admin.withdraw(), "NOTHING_UNBONDING"],
      [() => admin.topUp(1n), "NOT_REGISTERED"],
      [() => federation.admin(federation.clients[0]!).registerClient({}), "ALREADY_CLIENT"],
    ] as const;
    for (const [refused, code] of refusals) {
      const error = await failure(refused());
      expect(isQuorateError(error, code), `${error.message}, expected ${code}`).to.equal(true);
    }
  });
});
