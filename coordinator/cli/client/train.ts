import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { type Cleanup, withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openNetwork, openReader, sha256 } from "../connect.ts";
import { toJson } from "../io.ts";
import { addChainOptions, addJsonOption, type ChainOptions } from "../options.ts";
import { showProgress } from "../progress.ts";
import { addTrainingOptions, readDataset, type TrainingOptions } from "./training.ts";

interface Options extends ChainOptions, TrainingOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** `quorate client train`: the reference trainer on the open round's base model; sends nothing. */
export function clientTrainCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "train",
      summary: "train the open round's base model on own data and write the update as .safetensors",
      addOptions: (command) =>
        addTrainingOptions(addJsonOption(addChainOptions(command))).requiredOption(
          "--out <file>",
          "where the trained model goes",
        ),
    },
    (options) => withCleanup((cleanup) => train(options, cli, cleanup)),
  );
}

async function train(options: Options, { io, signal }: Cli, cleanup: Cleanup) {
  const { loadFederation } = await import("../../adapters/federation/load-federation.ts");
  const { createWasmTrainer } = await import("../../adapters/learning/wasm-trainer.ts");
  const { trainUpdate } = await import("../../client/train-update.ts");
  const dataset = await readDataset(options.data);
  const chain = await openReader(options, io, cleanup);
  const { content } = await openNetwork(chain, {}, cleanup);
  const federation = await loadFederation({ chain, content, withValidation: false, sha256, signal });
  const progress = showProgress(io, "training");
  cleanup.add(progress.stop);
  const trainer = createWasmTrainer({ onProgress: progress.update });
  cleanup.add(() => trainer.stop());
  const { epochs, batch, learningRate, seed } = options;
  const training = { trainer, dataset, epochs, batchSize: batch, learningRate, seed };
  const update = await trainUpdate({ chain, content, federation, ...training, sha256, signal });
  progress.stop();
  await writeFile(options.out, update.bytes);
  const { round, baseRoot, sampleCount } = update;
  io.out(
    options.json
      ? toJson({ round, baseRoot, sampleCount, file: options.out })
      : `trained ${options.out} for round ${round} on ${sampleCount} samples\n` +
          `submit it: quorate client submit --model ${options.out} --samples ${sampleCount}`,
  );
  return undefined;
}
