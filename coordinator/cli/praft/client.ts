import type { Command } from "commander";
import type { OrderClient } from "../../client/order.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { toJson } from "../io.ts";
import { addKeyOptions, integerBetween, type KeyOptions } from "../options.ts";
import { readCommittee } from "./committee.ts";
import { openIdentity } from "./identity.ts";

interface Options extends KeyOptions {
  readonly committee: string;
  readonly operation: readonly string[];
  readonly timeout: number;
  readonly json?: boolean;
}

/** `quorate praft client`: has operations ordered, all of them in one bundle. */
export function praftClientCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "client",
      summary: "submit operations and wait until they are executed",
      addOptions: (command) =>
        addKeyOptions(command)
          .requiredOption("--committee <file>", "members, weights and addresses")
          .requiredOption("--operation <text...>", "operations, in this order, in one bundle")
          .option("--timeout <seconds>", "give up after that", integerBetween(1, 3_600), 30)
          .option("--json", "print JSON"),
    },
    (options) => withCleanup((cleanup) => submit(options, cli, (close) => cleanup.add(close))),
  );
}

async function submit(options: Options, { io, signal }: Cli, onEnd: (close: () => unknown) => void) {
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { TlsPeers } = await import("../../adapters/peers/tls.ts");
  const { OrderClient } = await import("../../client/order.ts");
  const { config, addresses } = await readCommittee(options.committee);
  const { identity, ...keys } = await openIdentity(options, io);
  const transport = new TlsPeers({ identity, peers: addresses });
  onEnd(() => transport.stop());
  const client = new OrderClient({ ...keys, config, transport, clock: createSystemClock() });
  await client.start();
  const until = AbortSignal.any([signal, AbortSignal.timeout(1_000 * options.timeout)]);
  const operations = options.operation.map((text) => new TextEncoder().encode(text));
  const started = performance.now();
  const sequence = await submitNext(client, operations, until).catch((error: unknown) => {
    throw until.aborted && !signal.aborted ? unanswered(options) : error;
  });
  const milliseconds = Math.round(performance.now() - started);
  if (options.json) io.out(toJson({ sequence, operations: operations.length, milliseconds }));
  else io.out(`bundle ${sequence}: ${operations.length} operations executed after ${milliseconds} ms`);
  return undefined;
}

async function submitNext(
  client: OrderClient,
  operations: Uint8Array[],
  signal: AbortSignal,
): Promise<number> {
  const sequence = await client.nextSequence(signal);
  await client.submit(operations, sequence, signal);
  return sequence;
}

function unanswered({ timeout, committee }: Options): QuorateError {
  return new QuorateError(
    "PRAFT_UNANSWERED",
    `the replicas of ${committee} did not confirm within ${timeout} s: the operations may still be executed; ` +
      "see that more than two thirds of the weight is up, or wait longer with --timeout",
    { timeout },
  );
}
