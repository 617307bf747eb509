import { type Command, InvalidArgumentError } from "commander";
import { type Attack, flippedLabel, forge, parseAttackText } from "../../protocol/attacks/attack.ts";
import { isQuorateError } from "../../protocol/errors.ts";
import type { Dataset } from "../../protocol/learning/dataset.ts";
import { createPrng } from "../../protocol/learning/prng.ts";

export function addAttackOption(command: Command): Command {
  return command.option(
    "--attack <name>",
    "send poisoned updates, to try what a federation withstands: sign-flip, ipm:5, gaussian:10, label-flip, scaling:100",
    parseAttack,
  );
}

/** A command line's attack. */
export function parseAttack(text: string): Attack {
  try {
    return parseAttackText(text);
  } catch (error) {
    if (isQuorateError(error)) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

/** The data an attacker trains with. */
export function poisonedData(attack: Attack | undefined, dataset: Dataset): Dataset {
  if (attack?.name !== "label-flip") return dataset;
  const classes = dataset.labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  return { ...dataset, labels: dataset.labels.map((label) => flippedLabel(label, classes)) };
}

/**
 * What an attacker sends in place of what it trained. A client of its own sees no honest update before it sends its
 * own, so it takes its own training for what the honest do.
 */
export function poisonedValues(
  attack: Attack,
  seed: string,
): (trained: Float32Array, base: Float32Array) => Float32Array {
  return (own, centre) => forge(attack, { honest: [own], own, centre, prng: createPrng(`${seed}/attack`) });
}
