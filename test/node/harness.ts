import { createPeerContent } from "../../coordinator/adapters/content/peer-content.ts";
import { createMemoryStore } from "../../coordinator/adapters/ipfs/memory-store.ts";
import { submitUpdate } from "../../coordinator/client/submit-update.ts";
import { createMiner } from "../../coordinator/node/miner.ts";
import type { Miner, MinerDeps } from "../../coordinator/node/types.ts";
import type { ChainParameters } from "../../coordinator/ports/chain.ts";
import type { Clock } from "../../coordinator/ports/clock.ts";
import type { ContentStore } from "../../coordinator/ports/content-store.ts";
import type { Journal } from "../../coordinator/ports/journal.ts";
import type { MinerService, MinerTransport } from "../../coordinator/ports/transport.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { type Model, withFloats } from "../../coordinator/protocol/model/model.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import { FakeChain } from "./fake-chain.ts";
import type { FakeChainOptions } from "./fake-state.ts";
import {
  createFastClock,
  createSigner,
  createTestEvaluator,
  createTestFederation,
  createTestJournal,
  type RecordingSigner,
  recoverer,
  silentLogger,
} from "./parts.ts";

export interface TestMiner {
  readonly signer: RecordingSigner;
  readonly address: Hex;
  readonly endpoint: string;
  readonly store: ContentStore;
  readonly journal: Journal;
  miner: Miner;
}

export interface TestWorldOptions {
  readonly miners?: number;
  readonly clients?: number;
  readonly speed?: number;
  readonly weights?: readonly bigint[];
  readonly parameters?: Partial<ChainParameters>;
  readonly order?: FakeChainOptions["order"];
  readonly evaluator?: boolean;
  /** Changes what one miner is composed of. */
  readonly tamper?: (deps: MinerDeps, index: number) => MinerDeps;
  /** Changes what one miner answers. */
  readonly answer?: (service: MinerService, deps: MinerDeps, index: number) => MinerService;
}

/** A chain, miners and clients in one process; miners and clients share nothing but chain and transport. */
export class TestWorld {
  readonly clock: Clock;
  readonly chain: FakeChain;
  readonly federation = createTestFederation();
  readonly miners: TestMiner[] = [];
  readonly clients: RecordingSigner[] = [];
  /** Endpoints that do not answer. */
  readonly unreachable = new Set<string>();
  /** Called before each delivery; throw to lose it. */
  intercept: (method: keyof MinerTransport, endpoint: string, from: string) => void = () => undefined;
  private readonly services = new Map<string, MinerService>();
  private readonly options: TestWorldOptions;

  constructor(options: TestWorldOptions = {}) {
    this.options = options;
    this.clock = createFastClock(options.speed ?? 20);
    const signers = Array.from({ length: options.miners ?? 2 }, (_, i) => createSigner(`miner ${i}`));
    this.clients = Array.from({ length: options.clients ?? 3 }, (_, i) => createSigner(`client ${i}`));
    this.chain = new FakeChain({
      clock: this.clock,
      recoverer,
      federation: this.federation.federation,
      miners: signers.map(({ address }, i) => ({
        miner: address,
        key: address,
        endpoint: `http://miner-${i}`,
        active: true,
        stake: options.weights?.[i] ?? 1_000n,
        reputation: 10n ** 18n,
        weight: options.weights?.[i] ?? 1_000n,
      })),
      clients: this.clients.map(({ address }) => ({
        client: address,
        key: address,
        active: true,
        sampleCap: 10_000n,
      })),
      ...(options.parameters && { parameters: options.parameters }),
      order: options.order ?? ((_, miners) => miners),
    });
    signers.forEach((signer, index) => {
      const parts = {
        signer,
        address: signer.address,
        endpoint: `http://miner-${index}`,
        store: createMemoryStore(),
        journal: createTestJournal(),
      };
      this.miners.push({ ...parts, miner: this.compose(parts, index) });
    });
  }

  async start(): Promise<void> {
    await Promise.all(this.miners.map(({ miner }) => miner.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.miners.map(({ miner }) => miner.stop()));
  }

  /** Ends a miner as a crash does: nothing but its store and its journal is left. */
  async kill(index: number): Promise<void> {
    const target = this.miners[index]!;
    this.unreachable.add(target.endpoint);
    await target.miner.stop();
  }

  async restart(index: number): Promise<void> {
    const target = this.miners[index]!;
    target.miner = this.compose(target, index);
    this.unreachable.delete(target.endpoint);
    await target.miner.start();
  }

  /** The model client `index` trained: base plus a shift of its own. */
  update(index: number, base: Model = this.federation.genesis, shift = 0.01): Uint8Array {
    return encodeModel(
      withFloats(
        base,
        base.floats.map((value, j) => value + shift * (index + 1) + j / 1_024),
      ),
    );
  }

  submit(index: number, bytes: Uint8Array, sampleCount = 100n) {
    const signer = this.clients[index]!;
    return submitUpdate({
      chain: this.chain.as(signer.address),
      transport: this.transport(`client ${index}`),
      signer,
      recoverer,
      federation: this.federation,
      client: signer.address,
      bytes,
      sampleCount,
      digest: (content) => this.miners[0]!.store.digest(content),
      clock: this.clock,
    });
  }

  /** Waits until `holds`, for at most `seconds` of the fast clock. */
  async until(holds: () => boolean, what: string, seconds = 120): Promise<void> {
    const end = this.clock.now() + seconds * 1_000;
    while (!holds()) {
      if (this.clock.now() > end)
        throw new Error(
          `never came: ${what}; rounds ${this.chain.statuses()}; ` +
            `${JSON.stringify(this.miners.map(({ miner }) => miner.status()))}; ` +
            JSON.stringify(this.chain.transactions, (_, value) =>
              typeof value === "bigint" ? `${value}` : value,
            ),
        );
      await this.clock.sleep(50);
    }
  }

  transport(from: string): MinerTransport {
    const call = <T>(
      method: keyof MinerTransport,
      endpoint: string,
      run: (service: MinerService) => Promise<T>,
    ): Promise<T> => {
      const attempt = async () => {
        await new Promise((resolve) => setImmediate(resolve));
        const service = this.services.get(endpoint);
        if (!service || this.unreachable.has(endpoint) || this.unreachable.has(from))
          throw new QuorateError("MINER_UNREACHABLE", `${endpoint} does not answer`);
        this.intercept(method, endpoint, from);
        return run(service);
      };
      return attempt();
    };
    return {
      info: (endpoint) => call("info", endpoint, (service) => service.info()),
      submitUpdate: (endpoint, signed, model) =>
        call("submitUpdate", endpoint, (service) => service.submitUpdate(signed, model)),
      announceUpdate: (endpoint, signed, own) =>
        call("announceUpdate", endpoint, (service) => service.announceUpdate(signed, own)),
      updates: (endpoint, round) => call("updates", endpoint, (service) => service.updates(round)),
      exchangeManifest: (endpoint, round, inventory) =>
        call("exchangeManifest", endpoint, (service) => service.exchangeManifest(round, inventory)),
      offerCandidate: (endpoint, round, offer) =>
        call("offerCandidate", endpoint, (service) => service.offerCandidate(round, offer)),
      offerVote: (endpoint, round, offer) =>
        call("offerVote", endpoint, (service) => service.offerVote(round, offer)),
      votes: (endpoint, round) => call("votes", endpoint, (service) => service.votes(round)),
      content: (endpoint, digest) =>
        call("content", endpoint, async (service) => {
          const bytes = await service.content(digest);
          if (!bytes) throw new QuorateError("CONTENT_UNAVAILABLE", `${endpoint} has no ${digest}`);
          return bytes;
        }),
    };
  }

  private compose(parts: Omit<TestMiner, "miner">, index: number): Miner {
    const transport = this.transport(parts.endpoint);
    const chain = this.chain.as(parts.address);
    const endpoints = async () => this.chain.options.miners.map(({ endpoint }) => endpoint);
    const { store } = parts;
    const peers = { addresses: () => [], connect: async () => undefined };
    const deps: MinerDeps = {
      chain,
      store,
      content: createPeerContent({ store: { ...store, ...peers }, transport, endpoints }),
      transport,
      journal: parts.journal,
      signer: parts.signer,
      recoverer,
      ...(this.options.evaluator !== false && { evaluator: createTestEvaluator() }),
      clock: this.clock,
      logger: silentLogger,
      federation: this.federation,
      config: { miner: parts.address, endpoint: parts.endpoint, version: "0.0.0", pollMs: 100 },
    };
    const own = this.options.tamper?.(deps, index) ?? deps;
    const miner = createMiner(own);
    this.services.set(parts.endpoint, this.options.answer?.(miner.service, own, index) ?? miner.service);
    return miner;
  }
}
