import type { VoteMessage } from "../../coordinator/ports/transport.ts";
import type { Model } from "../../coordinator/protocol/model/model.ts";
import { parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import type { FakeRound } from "./fake-state.ts";
import { TestWorld, type TestWorldOptions } from "./harness.ts";

/** A world whose first round is open. */
export async function started(options?: TestWorldOptions): Promise<Scenario> {
  const scenario = new Scenario(options);
  await scenario.start();
  await scenario.until(() => scenario.chain.rounds.length === 1, "round 1");
  return scenario;
}

/** A world with what many scenarios ask of it. */
export class Scenario extends TestWorld {
  round(number: number): FakeRound {
    return this.chain.rounds[number - 1]!;
  }

  agreed(number: number): Promise<void> {
    return this.until(() => this.round(number).status === "agreed", `round ${number} agreed`);
  }

  votesOf(number: number): VoteMessage[] {
    return [...this.round(number).votes.values()];
  }

  /** Transactions of one kind that the chain took in a round. */
  sent(method: string, number = 1) {
    return this.chain.transactions.filter(
      (tx) => tx.method === method && tx.round === BigInt(number) && !tx.refused,
    );
  }

  async headModel(): Promise<Model> {
    const { modelCid, round } = this.chain.head;
    return round === 0n ? this.federation.genesis : parseModel(await this.miners[0]!.store.read(modelCid));
  }

  /** Clients send their update of the open round. */
  async submitAll(clients = [0, 1, 2]): Promise<void> {
    const base = await this.headModel();
    await Promise.all(clients.map((i) => this.submit(i, this.update(i, base))));
  }
}
