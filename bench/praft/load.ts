// One client process: offers operations at a steady rate for a while, in bundles, and says how long each took.
//
//   node bench/praft/load.ts '{"committee": "…", "client": 900, "rate": 3500, "bundle": 32, "bytes": 32, "window": 64,
//                              "seconds": 60}'
//
// Open loop: an operation's time counts from when it was due, not from when the client got round to it, until weight above
// F has confirmed it over authenticated connections. Prints "measuring" when the warm-up is over, "measured" after the time, and
// a JSON line of what {@link Loaded} says once all is confirmed.
import { createSystemClock } from "../../coordinator/adapters/clock/system-clock.ts";
import { networkIdentity } from "../../coordinator/adapters/peers/identity.ts";
import { TlsPeers } from "../../coordinator/adapters/peers/tls.ts";
import { createSecp256k1Scheme } from "../../coordinator/adapters/signatures/secp256k1.ts";
import { sha256 } from "../../coordinator/cli/connect.ts";
import { readCommittee } from "../../coordinator/cli/praft/committee.ts";
import { OrderClient } from "../../coordinator/client/order.ts";
import { fromHex } from "../../coordinator/protocol/bytes.ts";
import { keyOf } from "./cluster.ts";
import { Histogram } from "./histogram.ts";

export interface Load {
  readonly committee: string;
  readonly client: number;
  /** Operations a second; those that are late because the window is full are sent as soon as it is not. */
  readonly rate: number;
  /** Operations in a bundle, at most. */
  readonly bundle: number;
  /** Bytes of an operation. */
  readonly bytes: number;
  /** Milliseconds that an operation waits for others, at most: a bundle that is full goes at once. */
  readonly linger?: number;
  /** Bundles under way, at most. */
  readonly window: number;
  readonly warmUp: number;
  readonly seconds: number;
}

export interface Loaded {
  /** Milliseconds since the Unix epoch at which the measured time began. */
  readonly began: number;
  /** Operations confirmed in each second of the measured time. */
  readonly perSecond: readonly number[];
  /** Milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly confirmed: number;
  /** Processor seconds of this client in the measured time, per second. */
  readonly cores: number;
}

/** Milliseconds between two looks at what is due. */
const TURN = 2;

const load: Load = JSON.parse(process.argv[2]!);
const secretKey = fromHex(keyOf(load.client), 32);
const { config, addresses } = await readCommittee(load.committee);
const transport = new TlsPeers({ identity: networkIdentity(secretKey), peers: addresses });
const scheme = createSecp256k1Scheme();
const client = new OrderClient({ config, secretKey, scheme, sha256, transport, clock: createSystemClock() });
await client.start();
const signal = AbortSignal.timeout(1_000 * (load.warmUp + load.seconds + 120));
let sequence = await client.nextSequence(signal);

const now = () => performance.timeOrigin + performance.now();
const start = now();
const began = start + 1_000 * load.warmUp;
const end = began + 1_000 * load.seconds;
const perSecond = new Array<number>(load.seconds).fill(0);
const latency = new Histogram();
let offered = 0;
let underWay = 0;
let confirmed = 0;
const all: Promise<void>[] = [];

/** When operation `n` is due. */
const due = (n: number): number => start + (1_000 * n) / load.rate;

function sendDue(): void {
  while (underWay < load.window && due(offered) <= now() && now() < end) {
    const count = Math.min(load.bundle, Math.floor(((now() - start) * load.rate) / 1_000) - offered + 1);
    if (count < load.bundle && now() < due(offered) + (load.linger ?? 0)) return;
    const first = offered;
    offered += count;
    underWay++;
    all.push(submit(first, count));
  }
}

async function submit(first: number, count: number): Promise<void> {
  const operations = Array.from({ length: count }, (_, i) => operationOf(first + i));
  await client.submit(operations, sequence++, signal);
  const at = now();
  underWay--;
  confirmed += count;
  if (at >= began && at < end) {
    perSecond[Math.floor((at - began) / 1_000)]! += count;
    for (let i = 0; i < count; i++) latency.add(at - due(first + i));
  }
  sendDue();
}

/** No two alike. */
function operationOf(n: number): Uint8Array {
  const bytes = new Uint8Array(load.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, load.client);
  view.setUint32(4, Math.floor(n / 2 ** 32));
  view.setUint32(8, n % 2 ** 32);
  return bytes;
}

const timer = setInterval(sendDue, TURN);
await new Promise((resolve) => setTimeout(resolve, Math.max(0, began - now())));
console.log("measuring");
const used = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, Math.max(0, end - now())));
const { user, system } = process.cpuUsage(used);
console.log("measured");
clearInterval(timer);
await Promise.all(all);
const result: Loaded = {
  began,
  perSecond,
  latency: { p50: latency.quantile(0.5), p99: latency.quantile(0.99), max: latency.max },
  confirmed,
  cores: (user + system) / 1e6 / load.seconds,
};
console.log(JSON.stringify(result));
process.exit(0);
