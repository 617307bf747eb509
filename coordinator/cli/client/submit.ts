import type { Command } from "commander";
import type { Hex } from "../../protocol/bytes.ts";
import { type Cleanup, withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openNetwork, openReader, sha256 } from "../connect.ts";
import { EXIT, toJson } from "../io.ts";
import { loadKey } from "../keys.ts";
import { integerBetween } from "../options.ts";
import { addClientOptions, type ClientOptions } from "./options.ts";
import { writeReceipts } from "./receipts.ts";
import { readInput } from "./training.ts";

interface Options extends ClientOptions {
  readonly model: string;
  readonly samples: number;
  readonly receipts?: string;
}

/** The largest sample count the aggregation rule is defined for. */
const MOST_SAMPLES = 2 ** 32;

/** `quorate client submit`: signs any safetensors file as the open round's update and sends it to every miner. */
export function clientSubmitCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "submit",
      summary: "sign a .safetensors file as this round's update and upload it to the miners",
      addOptions: (command) =>
        addClientOptions(command)
          .requiredOption("--model <file>", "trained model, as any safetensors library writes it")
          .requiredOption(
            "--samples <n>",
            "how many samples it was trained on",
            integerBetween(0, MOST_SAMPLES),
          )
          .option("--receipts <file>", "keep the miners' receipts here: proof, if one leaves the update out"),
    },
    (options) => withCleanup((cleanup) => submit(options, cli, cleanup)),
  );
}

async function submit(options: Options, { io, signal }: Cli, cleanup: Cleanup) {
  const { loadFederation } = await import("../../adapters/federation/load-federation.ts");
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { createRecoverer } = await import("../../adapters/keys/recover.ts");
  const { signerOf } = await import("../../adapters/keys/keystore.ts");
  const { submitUpdate } = await import("../../client/submit-update.ts");
  const bytes = await readInput(options.model);
  const wallet = await loadKey(options, io);
  const chain = await openReader(options, io, cleanup);
  const { content, transport, digest } = await openNetwork(chain, {}, cleanup);
  const federation = await loadFederation({ chain, content, withValidation: false, sha256, signal });
  const result = await submitUpdate({
    chain,
    transport,
    signer: signerOf(wallet),
    recoverer: createRecoverer(),
    federation,
    client: options.client ?? (wallet.address as Hex),
    bytes,
    sampleCount: BigInt(options.samples),
    digest,
    clock: createSystemClock(),
    sha256,
    signal,
  });
  if (options.receipts) await writeReceipts(options.receipts, result);
  if (options.json) io.out(toJson(result));
  else {
    io.out(`round ${result.round}: update ${result.modelRoot}, ${result.sampleCount} samples`);
    for (const { miner, endpoint, counts } of result.acknowledged)
      io.out(
        `  ${miner} at ${endpoint} acknowledged it${counts === result.modelRoot ? "" : `; ${counts} counts`}`,
      );
    for (const { miner, endpoint, code, message } of result.refused)
      io.err(`  ${miner} at ${endpoint} refused it: ${code}: ${message}`);
  }
  return result.acknowledged.length > 0 ? EXIT.ok : EXIT.failed;
}
