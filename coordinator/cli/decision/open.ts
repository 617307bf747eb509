import { type Command, InvalidArgumentError } from "commander";
import { type Hex, ZERO_HASH } from "../../protocol/bytes.ts";
import { encodeAllocation } from "../../protocol/decisions/allocate.ts";
import { encodeOpen, taskId } from "../../protocol/decisions/operations.ts";
import { encodeChoices } from "../../protocol/decisions/select.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { type Cli, subcommand } from "../command.ts";
import { toJson } from "../io.ts";
import { addJsonOption, integerBetween } from "../options.ts";
import { addCommitteeOptions, asClient, type CommitteeOptions } from "./committee-client.ts";
import { parseHash } from "./text.ts";

interface Options extends CommitteeOptions {
  readonly kind: string;
  readonly subject: readonly Hex[];
  readonly capacity?: number;
  readonly series?: Hex;
  readonly salt?: Hex;
  readonly heights: number;
  readonly json?: boolean;
}

/** `quorate decision open`: asks the committee for a decision. */
export function decisionOpenCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "open",
      summary: "open a task for the committee's ballots",
      addOptions: (command) =>
        addJsonOption(addCommitteeOptions(command))
          .requiredOption("--kind <name>", "select, rank or allocate", parseKind)
          .requiredOption("--subject <hash...>", "what is decided about, 32 bytes each", collect)
          .option("--capacity <units>", "units to allocate", integerBetween(1, 2 ** 32 - 1))
          .option("--series <hash>", "allocations that make up for each other's rounding", parseHash)
          .option("--salt <hash>", "tells apart tasks that ask the same", parseHash)
          .option("--heights <n>", "ballots count for so many heights", integerBetween(1, 100_000), 200),
    },
    (options) =>
      asClient(options, cli, async ({ client, config, until, submit }) => {
        const parameters = parametersOf(options);
        const closeHeight = (await client.height(until)) + options.heights;
        const content = { kind: options.kind, closeHeight, salt: options.salt ?? ZERO_HASH, parameters };
        const task = taskId(config, content);
        await submit([encodeOpen(content)]);
        cli.io.out(
          options.json ? toJson({ task, closeHeight }) : `task ${task} is open up to height ${closeHeight}`,
        );
      }),
  );
}

/** @throws QuorateError DECISION_SUBJECTS, DECISION_CLAIMS */
function parametersOf({ kind, subject, capacity, series }: Options): Uint8Array {
  if (kind !== "allocate") return encodeChoices(subject);
  if (capacity === undefined)
    throw new QuorateError("DECISION_CLAIMS", "an allocation needs its capacity: --capacity <units>");
  const claims = subject.map((each) => ({ subject: each, weight: 1 }));
  return encodeAllocation({ capacity, series: series ?? ZERO_HASH, claims });
}

function parseKind(text: string): string {
  if (["select", "rank", "allocate"].includes(text)) return text;
  throw new InvalidArgumentError("a kind is select, rank or allocate.");
}

function collect(text: string, before: readonly Hex[] = []): readonly Hex[] {
  return [...before, parseHash(text)];
}
