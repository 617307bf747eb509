import Table from "cli-table3";
import type { Command } from "commander";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openNetwork, openReader } from "../connect.ts";
import { type Io, toJson } from "../io.ts";
import { loadKey } from "../keys.ts";
import { integerBetween } from "../options.ts";
import { PLAIN_TABLE } from "../table.ts";
import { formatTokens, shorten } from "../text.ts";
import { addClientOptions, type ClientOptions } from "./options.ts";

interface Options extends ClientOptions {
  readonly rounds: number;
}

/** `quorate client status`: my updates, their Shapley values, what is owed, pending and claimed. */
export function clientStatusCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "status",
      summary: "my updates and Shapley values, and what I am owed and was paid",
      addOptions: (command) =>
        addClientOptions(command).option(
          "--rounds <n>",
          "how many rounds to show",
          integerBetween(1, 1_000),
          10,
        ),
    },
    (options, { io }) =>
      withCleanup(async (cleanup) => {
        const { clientStatus } = await import("../../client/client-status.ts");
        const chain = await openReader(options, io, cleanup);
        const { content } = await openNetwork(chain, {}, cleanup);
        const client = options.client ?? ((await loadKey(options, io)).address as `0x${string}`);
        const status = await clientStatus({ chain, content, client, rounds: options.rounds });
        if (options.json) io.out(toJson(status));
        else printStatus(status, io);
        return undefined;
      }),
  );
}

type Status = Awaited<ReturnType<typeof import("../../client/client-status.ts").clientStatus>>;

function printStatus(status: Status, io: Io): void {
  const { registered } = status;
  io.out(
    `client ${status.client}: ${registered?.active ? `registered, at most ${registered.sampleCap} samples an update` : "not registered"}`,
  );
  const table = new Table({
    head: ["round", "status", "final", "update", "samples", "Shapley", "earned so far"],
    ...PLAIN_TABLE,
  });
  for (const round of status.rounds) {
    const { shapley } = round;
    table.push([
      String(round.round),
      round.status,
      round.final ? "yes" : "no",
      shorten(round.modelRoot),
      String(round.sampleCount),
      shapley ? (Number(shapley.numerator) / Number(shapley.denominator)).toFixed(2) : "–",
      round.cumulative === null ? "–" : formatTokens(round.cumulative),
    ]);
  }
  io.out(table.toString());
  io.out(
    `owed ${formatTokens(status.owed)}, not final yet ${formatTokens(status.pending)}, claimed ${formatTokens(status.claimed)}`,
  );
}
