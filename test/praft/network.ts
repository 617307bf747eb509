import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import { decodeMessage } from "../../coordinator/protocol/praft/decode.ts";
import { encodeMessage } from "../../coordinator/protocol/praft/encode.ts";
import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import type { Chance } from "./agenda.ts";

/** What the simulator does to members; each is counted. */
export const FAULTS = [
  // The network.
  "drop",
  "delay",
  "duplicate",
  "reorder",
  "replay",
  "corrupt",
  "partition",
  "one-way",
  "flapping",
  "slow",
  // Clocks, processes, disks.
  "clock",
  "crash",
  "crash-at-persist",
  "long-absence",
  "torn-record",
  "lost-fsync",
  "flipped-bit",
  "amnesia",
  "disk-full",
  // Liars.
  "twin",
  "equivocation",
  "double-vote",
  "stale-certificate",
  "wrong-epoch",
  "withheld-payload",
  "selective",
  "vote-flood",
  "low-report",
  "lying-snapshot",
  "collude",
  "fork",
  // The chain.
  "reconfigure",
  "config-in-partition",
  "chain-reorg",
  "chain-stall",
] as const;
export type Fault = (typeof FAULTS)[number];
export type Count = (fault: Fault) => void;

/** Who hears whom, and what happens to a message on its way. */
export class Network {
  readonly #chance: Chance;
  readonly #count: Count;
  #groups: number[] = [];
  #deaf = new Set<number>();
  calm = false;

  constructor(chance: Chance, count: Count) {
    this.#chance = chance;
    this.#count = count;
  }

  split(size: number): void {
    this.#groups = Array.from({ length: size }, () => this.#chance(2));
  }

  /** What this node says is not heard. */
  silence(node: number): void {
    this.#deaf.add(node);
  }

  heal(): void {
    this.#groups = [];
    this.#deaf.clear();
  }

  /** The delays in ms after which copies arrive, and what arrives. A client is node −1 and never cut off. */
  carry(
    from: number,
    to: number,
    message: Message,
  ): { readonly delays: number[]; readonly message: Message } {
    const usual = 1 + this.#chance(10);
    if (this.calm) return { delays: [usual], message };
    const cut = from >= 0 && (this.#deaf.has(from) || (this.#groups[from] ?? 0) !== (this.#groups[to] ?? 0));
    const die = this.#chance(100);
    if (cut) return { delays: [], message };
    if (die < 4) return this.#faulty("drop", [], message);
    if (die < 8) return this.#faulty("duplicate", [usual, usual + 1 + this.#chance(30)], message);
    if (die < 13) return this.#faulty("delay", [20 + this.#chance(400)], message);
    if (die >= 17 && die < 20) return this.#faulty("reorder", [usual + 10 + this.#chance(20)], message);
    if (die < 15) return this.#faulty("replay", [usual, 800 + this.#chance(3_000)], message);
    if (die >= 20) return { delays: [usual], message };
    const altered = corrupt(message, this.#chance);
    return this.#faulty("corrupt", altered ? [usual] : [], altered ?? message);
  }

  #faulty(fault: Fault, delays: number[], message: Message) {
    this.#count(fault);
    return { delays, message };
  }
}

/** One byte flipped on the way: no message any more, or one whose signature is wrong. */
function corrupt(message: Message, chance: Chance): Message | undefined {
  const bytes = encodeMessage(message);
  bytes[chance(bytes.length)]! ^= 1 + chance(255);
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!isQuorateError(error)) throw error;
    return undefined;
  }
}
