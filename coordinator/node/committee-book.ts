import type { Committee } from "../protocol/praft/config.ts";
import type { State } from "../protocol/praft/state.ts";

const MAX_COMMITTEES = 8;

/** The committees of the newest epochs: an epoch's last checkpoint is certified after its end. */
export class CommitteeBook {
  private readonly committees = new Map<number, Committee>();

  /** Learns the committees of the state's epochs. */
  note({ previous, committee }: State): void {
    if (previous) this.committees.set(previous.committee.epoch, previous.committee);
    this.committees.set(committee.epoch, committee);
    for (const epoch of this.committees.keys())
      if (epoch <= committee.epoch - MAX_COMMITTEES) this.committees.delete(epoch);
  }

  of(epoch: number): Committee | undefined {
    return this.committees.get(epoch);
  }
}
