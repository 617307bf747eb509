import type { Wallet } from "ethers";
import type { Sent } from "../../ports/chain.ts";
import type { GasLedger } from "../../ports/ledger.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { PROTOCOL_NAME, PROTOCOL_VERSION } from "../../protocol/round/messages.ts";
import type { ContractName } from "./artifacts.ts";
import type { QuorateReader } from "./reader.ts";
import { callOf } from "./transactions.ts";
import { transactorOf } from "./writer.ts";

/** What owners, clients, funders and governors do outside rounds. Each resolves when mined. */
export interface AdminWriter {
  readonly account: Hex;
  /** The account's tokens, smallest unit. */
  balance(): Promise<bigint>;
  /** Locks `stake` and joins at the next opening; approves the registry first if its allowance is short. */
  registerMiner(options: {
    readonly stake: bigint;
    /** HTTP URL of the miner's node. */
    readonly endpoint: string;
    /** Voting key; default the account itself. */
    readonly key?: Wallet;
  }): Promise<Sent>;
  /** Adds to the stake, from the next opening on. */
  topUp(amount: bigint): Promise<Sent>;
  setKey(key: Wallet): Promise<Sent>;
  setEndpoint(endpoint: string): Promise<Sent>;
  requestExit(): Promise<Sent>;
  withdraw(): Promise<Sent>;
  reactivate(): Promise<Sent>;
  /** Queues the removal of a miner that was absent too often, judged up to an ended round. */
  deactivate(miner: Hex, asOfRound: bigint): Promise<Sent>;
  applyQueued(): Promise<Sent>;
  registerClient(options: { readonly key?: Wallet }): Promise<Sent>;
  setClientKey(key: Wallet): Promise<Sent>;
  leaveClient(): Promise<Sent>;
  /** Adds to the pot; approves it first if its allowance is short. */
  fundRewards(amount: bigint): Promise<Sent>;
  transferToken(to: Hex, amount: bigint): Promise<Sent>;
  setAllowed(clients: readonly Hex[], allowed: boolean): Promise<Sent>;
  setSampleCap(client: Hex, sampleCap: bigint): Promise<Sent>;
}

/** The set-up side of a federation with one account's key. */
export function createAdminWriter(options: {
  readonly reader: QuorateReader;
  readonly wallet: Wallet;
  readonly ledger: GasLedger;
}): AdminWriter {
  const { reader, wallet, ledger } = options;
  const { contracts, addresses, guard } = reader.connection;
  const token = contracts.FederationToken;
  const transactor = transactorOf(reader, wallet, ledger);
  const send = (contract: ContractName, method: string, ...args: unknown[]): Promise<Sent> =>
    transactor.send({ ...callOf(reader, contract, method, args), round: null });
  const allow = async (spender: Hex, amount: bigint): Promise<void> => {
    const allowed = await guard("token.allowance", () => token.allowance(wallet.address, spender));
    if (allowed < amount) await send("FederationToken", "approve", spender, amount);
  };
  const keyArguments = async (registry: ContractName, key?: Wallet): Promise<[string, string]> => [
    key?.address ?? wallet.address,
    key && key.address !== wallet.address ? await acceptOwner(reader, registry, key, wallet.address) : "0x",
  ];
  return {
    account: wallet.address as Hex,
    balance: () => guard("token.balanceOf", () => token.balanceOf(wallet.address)),
    async registerMiner({ stake, endpoint, key }) {
      const accepted = await keyArguments("MinerRegistry", key);
      await allow(addresses.MinerRegistry, stake);
      return send("MinerRegistry", "register", stake, ...accepted, endpoint);
    },
    async topUp(amount) {
      await allow(addresses.MinerRegistry, amount);
      return send("MinerRegistry", "addStake", amount);
    },
    setKey: async (key) => send("MinerRegistry", "setKey", ...(await keyArguments("MinerRegistry", key))),
    setEndpoint: (endpoint) => send("MinerRegistry", "setEndpoint", endpoint),
    requestExit: () => send("MinerRegistry", "exit"),
    withdraw: () => send("MinerRegistry", "withdraw"),
    reactivate: () => send("MinerRegistry", "reactivate"),
    deactivate: (miner, asOfRound) => send("MinerRegistry", "deactivate", miner, asOfRound),
    applyQueued: () => send("MinerRegistry", "applyQueued"),
    registerClient: async ({ key }) =>
      send("ClientRegistry", "register", ...(await keyArguments("ClientRegistry", key))),
    setClientKey: async (key) =>
      send("ClientRegistry", "setKey", ...(await keyArguments("ClientRegistry", key))),
    leaveClient: () => send("ClientRegistry", "unregister"),
    async fundRewards(amount) {
      await allow(addresses.RewardDistributor, amount);
      return send("RewardDistributor", "fund", amount);
    },
    transferToken: (to, amount) => send("FederationToken", "transfer", to, amount),
    setAllowed: (clients, allowed) => send("ClientRegistry", "setAllowed", clients, allowed),
    setSampleCap: (client, sampleCap) => send("ClientRegistry", "setSampleCap", client, sampleCap),
  };
}

/** A key's consent to sign for `owner`, 65 bytes: without it anybody could register somebody else's key. */
async function acceptOwner(
  { connection }: QuorateReader,
  registry: ContractName,
  key: Wallet,
  owner: string,
): Promise<string> {
  const { chainId, addresses } = connection;
  const domain = {
    name: PROTOCOL_NAME,
    version: PROTOCOL_VERSION,
    chainId,
    verifyingContract: addresses[registry],
  };
  return key.signTypedData(domain, { Key: [{ name: "owner", type: "address" }] }, { owner });
}
