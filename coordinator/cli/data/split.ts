import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { type Cli, subcommand } from "../command.ts";
import { toJson } from "../io.ts";
import { addJsonOption, integerBetween } from "../options.ts";

interface Options {
  readonly parts: number;
  readonly labelNoise?: readonly number[];
  readonly seed: string;
  readonly samples?: number;
  readonly out: string;
  readonly json?: boolean;
}

const MOST_PARTS = 1_000;

/** `quorate data split`: cuts MNIST's training pool into one data set file per client. */
export function dataSplitCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "split",
      summary: "split the MNIST training pool (54,000 images) into one data set file per client",
      addOptions: (command) =>
        addJsonOption(
          command
            .option("--parts <n>", "number of clients", integerBetween(1, MOST_PARTS), 3)
            .option(
              "--label-noise <list>",
              "percent of wrong labels per client, such as 0,20,50",
              parsePercentages,
            )
            .option("--seed <text>", "seed of the split and of the noise", "1")
            .option("--samples <n>", "keep only this many samples of each part", integerBetween(1, 54_000))
            .requiredOption("--out <folder>", "writes <folder>/1.qrdata, 2.qrdata, …"),
        ),
    },
    async (options, { io }) => {
      const files = await splitMnist(options);
      if (options.json) io.out(toJson(files));
      else
        for (const file of files)
          io.out(`${file.path}  ${file.samples} samples, ${Math.round(file.labelNoise * 100)} % label noise`);
      return undefined;
    },
  );
}

/** Writes the parts; noise is 0 … 1 per part, 0 where none is given. */
export async function splitMnist(
  options: Pick<Options, "parts" | "labelNoise" | "seed" | "samples" | "out">,
): Promise<{ path: string; samples: number; labelNoise: number }[]> {
  const { loadMnist } = await import("../../adapters/data/mnist.ts");
  const { encodeDataset, selectSamples } = await import("../../protocol/learning/dataset.ts");
  const { partition } = await import("../../protocol/learning/partition.ts");
  const { train } = await loadMnist();
  const { parts, seed, samples, out } = options;
  const labelNoise = Array.from({ length: parts }, (_, i) => options.labelNoise?.[i] ?? 0);
  const split = partition({ labels: train.labels, clients: parts, seed, labelNoise });
  await mkdir(out, { recursive: true });
  return Promise.all(
    split.map(async (part, i) => {
      const kept = Math.min(samples ?? part.indices.length, part.indices.length);
      // The wrong labels of a part stand first: a shortened part takes evenly spaced samples to keep the share.
      const picks = Array.from({ length: kept }, (_, k) => Math.floor((k * part.indices.length) / kept));
      const indices = Uint32Array.from(picks, (k) => part.indices[k]!);
      const dataset = selectSamples(
        train,
        indices,
        Uint8Array.from(picks, (k) => part.labels[k]!),
      );
      const path = join(out, `${i + 1}.qrdata`);
      await writeFile(path, encodeDataset(dataset));
      return { path, samples: kept, labelNoise: labelNoise[i]! };
    }),
  );
}

/** "0,20,50" as [0, 0.2, 0.5]. */
export function parsePercentages(text: string): readonly number[] {
  const values = text
    .split(",")
    .map((part) => (/^[0-9]+(\.[0-9]+)?$/.test(part.trim()) ? Number(part) : Number.NaN));
  if (values.some((value) => !(value <= 100)))
    throw new InvalidArgumentError("expected percentages from 0 to 100, separated by commas.");
  return values.map((value) => value / 100);
}
