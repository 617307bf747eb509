import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createSystemClock } from "../../coordinator/adapters/clock/system-clock.ts";
import { loadFederation } from "../../coordinator/adapters/federation/load-federation.ts";
import { createHttpTransport } from "../../coordinator/adapters/http/client.ts";
import { digestOfBytes } from "../../coordinator/adapters/ipfs/cid.ts";
import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import { Cleanup } from "../../coordinator/cli/cleanup.ts";
import { createVisitorContent } from "../../coordinator/cli/content.ts";
import { submitUpdate } from "../../coordinator/client/submit-update.ts";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import type { MinerTransport } from "../../coordinator/ports/transport.ts";
import { type Model, withFloats } from "../../coordinator/protocol/model/model.ts";
import { encodeModel, parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import { startMiner } from "../../scripts/demo/federation.ts";
import { quorate } from "../../scripts/demo/quorate.ts";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";

const MINERS = [0, 1, 2] as const;

describe("updates frozen by the replicas of three miners", function () {
  this.timeout(240_000);
  const cleanup = new Cleanup();
  let flow: Flow;
  let federation: LoadedFederation;

  before(async () => {
    flow = await startFlow({ miners: 3, clients: 3, replicas: true, startClients: false, rounds: 3 });
    const endpoints = async () => flow.federation.endpoints;
    const content = await createVisitorContent({ transport: createHttpTransport(), endpoints, cleanup });
    federation = await loadFederation({ chain: flow.chain, content, withValidation: false });
  });
  after(async () => {
    await cleanup.run();
    await flow?.stop();
  });

  /** One client reaches one miner. */
  function submit(client: number, miner: number, base: Model): Promise<{ readonly round: bigint }> {
    const http = createHttpTransport();
    const only: MinerTransport = {
      ...http,
      submitUpdate: (endpoint, ...rest) =>
        endpoint === flow.federation.endpoints[miner]
          ? http.submitUpdate(endpoint, ...rest)
          : Promise.reject(new Error("out of reach")),
    };
    const { wallet } = flow.federation.clients[client]!;
    return submitUpdate({
      chain: flow.chain,
      transport: only,
      signer: signerOf(wallet),
      recoverer: createRecoverer(),
      federation,
      client: wallet.address as `0x${string}`,
      bytes: encodeModel(
        withFloats(
          base,
          base.floats.map((value) => value + 0.001 * (client + 1)),
        ),
      ),
      sampleCount: 100n,
      digest: digestOfBytes,
      clock: createSystemClock(),
    });
  }

  /** Events of one kind in a round, by miner. */
  const eventsOf = (kind: string, round: number) =>
    MINERS.map((i) =>
      readFileSync(join(flow.options.out, "logs", `miner-${i + 1}.log`), "utf8")
        .split("\n")
        .filter((line) => line.startsWith(`{"event":"${kind}","round":"${round}"`))
        .map((line) => JSON.parse(line) as { updates: number; updatesHash: string }),
    );

  async function headOf(round: number): Promise<Model> {
    const file = join(flow.options.out, `model-${round}.safetensors`);
    await quorate(["model", "get", "--round", String(round), "--out", file, ...flow.at]);
    return parseModel(new Uint8Array(readFileSync(file)));
  }

  it("are the same at all three, though each was sent to another one and at another time", async () => {
    for (const i of MINERS) await submit(i, i, federation.genesis);
    const record = await flow.ended(1);
    expect(record.status).to.equal("agreed");
    const frozen = eventsOf("frozen", 1).map(([first]) => first);
    expect(frozen.map((event) => event?.updates)).to.deep.equal([3, 3, 3]);
    expect(new Set(frozen.map((event) => event?.updatesHash)).size).to.equal(1);
    expect(record.candidates).to.have.length(1);
    expect(record.candidates[0]!.candidate.updatesHash).to.equal(frozen[0]!.updatesHash);
    expect(record.candidates[0]!.signers).to.have.length(2);
  });

  it("are the proposers' own when one replica is gone, and the round is agreed all the same", async () => {
    await flow.supervisor.stop(["miner-3"]);
    const { folder } = flow.federation.miners[2]!;
    const [log] = globSync(join(folder, "praft", "*.log"));
    const bytes = readFileSync(log!);
    bytes[Math.floor(bytes.length / 3)]! ^= 1;
    writeFileSync(log!, bytes);
    startMiner(flow.options, flow.supervisor, flow.federation, 2);
    await flow.supervisor.waitForLog("miner-3", /"event":"replica-stopped","code":"LOG_CORRUPT"/, 60_000);
    const base = await headOf(1);
    for (const i of MINERS) await submit(i, i, base);
    const record = await flow.ended(2);
    expect(record.status).to.equal("agreed");
    expect(record.candidates[0]!.candidate.updateCount).to.equal(3);
    expect(eventsOf("frozen", 2).flat()).to.deep.equal([]);
  });
});
