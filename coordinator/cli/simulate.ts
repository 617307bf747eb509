import { writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import Table from "cli-table3";
import { type Command, InvalidArgumentError } from "commander";
import { formatRule, parseRuleText, type Rule, reasonAgainst } from "../protocol/aggregation/rule.ts";
import { type Attack, formatAttack, parseAttackText } from "../protocol/attacks/attack.ts";
import {
  type Simulation,
  type SimulationData,
  type Split,
  STANDARD_SETTING,
  simulate,
} from "../protocol/attacks/simulation.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { type Cli, subcommand } from "./command.ts";
import { type Io, toJson } from "./io.ts";
import { addJsonOption, integerBetween } from "./options.ts";
import { plotHeatmap } from "./simulate/heatmap.ts";
import { type Grid, gridsOf, type Outcome, percent, toCsv } from "./simulate/outcome.ts";
import { assertUsable } from "./simulate/usable.ts";
import { PLAIN_TABLE } from "./table.ts";

interface Options {
  readonly rules?: readonly Rule[];
  readonly attacks: readonly Attack[];
  readonly data: readonly Split[];
  readonly clients: number;
  readonly byzantine: number;
  readonly steps: number;
  readonly seeds: readonly string[];
  readonly csv?: string;
  readonly plot?: string;
  readonly json?: boolean;
}

const DEFAULT_ATTACKS = "none,sign-flip,ipm:5,alie:1.5,gaussian:10,label-flip,mimic,nan,scaling:100";
const SPLITS: readonly Split[] = ["iid", "one-class"];

/** `quorate simulate`: which rule survives which attack, without a chain. */
export function simulateCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "simulate",
      summary:
        "train MNIST by many clients, some hostile: rules × attacks × ways to split the data, without a chain",
      addOptions,
    },
    async (options, { io, signal }) => {
      const { clients, byzantine, csv, plot } = options;
      await assertUsable({ rules: rulesOf(options), clients, byzantine, outputs: [csv, plot] });
      const outcomes = await runAll(options, io, signal);
      if (options.csv) await writeFile(options.csv, toCsv(outcomes));
      if (options.plot) await writeFile(options.plot, plotHeatmap(outcomes));
      if (options.json) io.out(toJson({ setting: settingOf(options), outcomes }));
      else for (const grid of gridsOf(outcomes)) io.out(tableOf(grid));
      return undefined;
    },
  );
}

function addOptions(command: Command): Command {
  const { clients, byzantine, steps } = STANDARD_SETTING;
  return addJsonOption(
    command
      .option(
        "--rules <list>",
        "rules, as in median,nnm:5+trimmed-mean:5 (default: all of the family)",
        rules,
      )
      .option("--attacks <list>", "attacks with their strength", attacks, attacks(DEFAULT_ATTACKS))
      .option("--data <list>", "iid, one-class or both", splits, SPLITS)
      .option("--clients <n>", "clients", integerBetween(1, 1_024), clients)
      .option("--byzantine <n>", "how many of them are hostile", integerBetween(0, 1_023), byzantine)
      .option("--steps <n>", "training steps", integerBetween(1, 100_000), steps)
      .option("--seeds <list>", "one run per seed; the table shows their mean", seeds, ["1"])
      .option("--csv <file>", "writes every run as a line")
      .option("--plot <file>", "writes the table as an SVG picture"),
  );
}

const rules = (text: string) => listed(text, parseRuleText);
const attacks = (text: string) => listed(text, parseAttackText);
const seeds = (text: string) => {
  const list = text.split(",");
  if (list.includes("")) throw new InvalidArgumentError("expected seeds with commas between them.");
  return list;
};
const splits = (text: string) =>
  listed(text, (part) => {
    const split = SPLITS.find((known) => known === part);
    if (split === undefined) throw new InvalidArgumentError(`expected ${SPLITS.join(" or ")}.`);
    return split;
  });

function listed<T>(text: string, parse: (part: string) => T): T[] {
  try {
    return text.split(",").map((part) => parse(part.trim()));
  } catch (error) {
    if (isQuorateError(error)) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

/** The family, as far as the number of clients allows; τ = 0.1 suits the gradients of this setting, 1 is too long. */
function familyOf(clients: number, f: number): Rule[] {
  const texts = [
    "fedavg",
    "median",
    `trimmed-mean:${f}`,
    `meamed:${f}`,
    `krum:${f}`,
    `multi-krum:${f}`,
    `mda:${f}`,
    `bulyan:${f}`,
    "geometric-median",
    "centred-clipping:0.1:3",
    "norm-clipping:0.1+fedavg",
    `nnm:${f}+trimmed-mean:${f}`,
    "bucketing:2+geometric-median",
    `adaptive-clipping:${f}+geometric-median`,
  ];
  return texts.map(parseRuleText).filter((rule) => reasonAgainst(rule, clients) === undefined);
}

function rulesOf({ rules: chosen, clients, byzantine }: Options): readonly Rule[] {
  return chosen ?? familyOf(clients, byzantine);
}

function settingOf({ clients, byzantine, steps, seeds }: Options) {
  return { ...STANDARD_SETTING, clients, byzantine, steps, seeds };
}

async function runAll(options: Options, io: Io, signal: AbortSignal): Promise<Outcome[]> {
  const { loadMnist } = await import("../adapters/data/mnist.ts");
  const { sparseImages } = await import("../protocol/attacks/softmax.ts");
  const mnist = await loadMnist();
  const data = { train: sparseImages(mnist.train), test: sparseImages(mnist.test), classes: 10 };
  const settings = settingsOf(options);
  const outcomes: Outcome[] = [];
  io.err(`${settings.length} runs, seeds ${options.seeds.join(", ")}, ${JSON.stringify(settingOf(options))}`);
  for (const setting of settings) {
    // A run is synchronous: let a Ctrl-C through between two.
    await setImmediate(undefined, { signal });
    const names = { rule: formatRule(setting.rule), attack: formatAttack(setting.attack) };
    const result = attempt(setting, data);
    outcomes.push({ split: setting.split, ...names, seed: setting.seed, ...result });
    const done = `${outcomes.length}/${settings.length}`;
    io.err(`${done}  ${setting.split}  ${names.rule}  ${names.attack}  ${percent(result.accuracy)}`);
  }
  return outcomes;
}

/** Refused updates may leave a rule with too few: that is an outcome too. */
function attempt(
  setting: Simulation,
  data: SimulationData,
): Pick<Outcome, "accuracy" | "refused" | "hostileShare"> {
  try {
    return simulate(setting, data);
  } catch (error) {
    if (!isQuorateError(error, "AGGREGATION_TOO_FEW")) throw error;
    return { accuracy: null, refused: setting.byzantine, hostileShare: null };
  }
}

function settingsOf(options: Options): Simulation[] {
  const { clients, byzantine, steps } = options;
  const common = { ...STANDARD_SETTING, clients, byzantine, steps };
  return options.data.flatMap((split) =>
    rulesOf(options).flatMap((rule) =>
      options.attacks.flatMap((attack) =>
        options.seeds.map((seed) => ({ ...common, rule, attack, split, seed })),
      ),
    ),
  );
}

function tableOf({ split, rules: names, attacks: columns, accuracy }: Grid): string {
  const table = new Table({ ...PLAIN_TABLE, head: [split, ...columns] });
  for (const rule of names) table.push([rule, ...columns.map((attack) => percent(accuracy(rule, attack)))]);
  return table.toString();
}
