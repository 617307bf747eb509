import type { Logger } from "../../../coordinator/ports/logger.ts";
import type { MinerInfo, MinerService, UploadAnswer } from "../../../coordinator/ports/transport.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import type { Candidate, Update, Vote } from "../../../coordinator/protocol/round/messages.ts";
import type { SignedUpdate } from "../../../coordinator/protocol/round/references.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
export const MINER: Hex = `0x${"aa".repeat(20)}`;
export const CLIENT: Hex = `0x${"bb".repeat(20)}`;
export const SIGNATURE: Hex = `0x${"cd".repeat(64)}`;
export const OPENING = word("01");

/** Above 2^53, so that a number in place of a string would lose digits. */
export const LARGE = 2n ** 64n - 1n;

export const update: Update = {
  round: 7n,
  openingHash: OPENING,
  baseRoot: word("02"),
  modelRoot: word("03"),
  modelCid: word("04"),
  sampleCount: LARGE,
};

export const signed: SignedUpdate = { client: CLIENT, update, signature: SIGNATURE };

export const candidate: Candidate = {
  round: 7n,
  openingHash: OPENING,
  baseRoot: word("02"),
  modelRoot: word("03"),
  modelCid: word("04"),
  updatesHash: word("05"),
  manifestCid: word("06"),
  payoutsRoot: word("07"),
  payoutsTotal: 2n ** 256n - 1n,
  updateCount: 3,
  totalSamples: LARGE,
  validationScore: 5_700,
};

export const vote: Vote = {
  round: 7n,
  openingHash: OPENING,
  candidate: word("08"),
  support: false,
  confidence: 10_000,
  reason: 3,
  reasonIndex: (5n << 32n) | 9n,
};

export const info: MinerInfo = {
  name: "quorate-miner",
  version: "0.1.0",
  chainId: "31337",
  contract: `0x${"cc".repeat(20)}`,
  miner: MINER,
  peers: ["/ip4/127.0.0.1/tcp/4001"],
  rounds: { first: "1", last: "7" },
  maxUploadBytes: 1_000,
};

export const answer: UploadAnswer = {
  receipt: { round: 7n, openingHash: OPENING, client: CLIENT, modelRoot: word("03") },
  signature: SIGNATURE,
  miner: MINER,
  counts: word("03"),
  held: [word("03")],
};

export const HELD = word("0a");

export interface RecordingService extends MinerService {
  /** Every call: method name and arguments. */
  readonly calls: [string, ...unknown[]][];
  of(method: string): unknown[][];
}

/** A service that accepts everything and remembers what it was asked; single methods can be replaced. */
export function recordingService(replaced: Partial<MinerService> = {}): RecordingService {
  const calls: [string, ...unknown[]][] = [];
  const answers: MinerService = {
    info: async () => info,
    admitUpdate: async () => {},
    submitUpdate: async () => answer,
    announceUpdate: async () => {},
    updates: async () => [signed, signed],
    exchangeManifest: async () => ({ miner: MINER, updates: [signed], signature: SIGNATURE }),
    offerCandidate: async () => {},
    offerVote: async () => {},
    votes: async () => [{ miner: MINER, vote, signature: SIGNATURE }],
    content: async (digest) => (digest === HELD ? Uint8Array.of(1, 2, 3) : undefined),
    ...replaced,
  };
  const recorded = Object.fromEntries(
    Object.entries(answers).map(([name, method]) => [
      name,
      (...args: unknown[]) => {
        calls.push([name, ...args]);
        return (method as (...all: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as MinerService;
  return {
    ...recorded,
    calls,
    of: (method) => calls.filter(([name]) => name === method).map(([, ...args]) => args),
  };
}

export interface RecordingLogger extends Logger {
  readonly lines: { level: string; fields: Readonly<Record<string, unknown>>; message: string }[];
}

export function recordingLogger(): RecordingLogger {
  const lines: RecordingLogger["lines"] = [];
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
