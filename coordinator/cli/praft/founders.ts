import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { fromHex } from "../../protocol/bytes.ts";
import { foundedMembers } from "../../protocol/decisions/founding.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openReader } from "../connect.ts";
import { toJson } from "../io.ts";
import { addChainOptions, type ChainOptions } from "../options.ts";

interface Options extends ChainOptions {
  readonly member: readonly string[];
}

interface Entry {
  readonly id: string;
  readonly voteKey: Uint8Array;
  readonly address: string;
}

/** `quorate praft founders`: the committee file of the roster as it is now. */
export function praftFoundersCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "founders",
      summary: "print the committee file of the miners' roster, as praft found takes it",
      addOptions: (command) =>
        addChainOptions(command).requiredOption(
          "--member <file@host:port...>",
          "what praft identity printed, and where that replica listens, for every miner",
        ),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const reader = await openReader(options, cli.io, cleanup);
        const { guard, contracts } = reader.connection;
        const registry = contracts.CheckpointRegistry;
        const groupId = await guard("CheckpointRegistry.groupId", () => registry.groupId());
        const { epoch } = await guard("CheckpointRegistry.head", () => registry.head());
        const { miners, seats } = await reader.recentView();
        const roster = seats.map((seat) => miners.get(seat)!);
        const entries = await Promise.all(options.member.map(readEntry));
        const members = foundedMembers(roster, entries).map(({ voteKey, ...member }) => {
          return { ...member, voteKey: `0x${Buffer.from(voteKey).toString("hex")}` };
        });
        cli.io.out(toJson({ groupId, epoch: Number(epoch), members }));
        return undefined;
      }),
  );
}

/** @throws QuorateError COMMITTEE_MALFORMED */
async function readEntry(text: string): Promise<Entry> {
  const at = text.lastIndexOf("@");
  const path = text.slice(0, at);
  try {
    const { id, voteKey } = JSON.parse(await readFile(path, "utf8")) as Record<string, string>;
    return { id: String(id), voteKey: fromHex(String(voteKey), 33), address: text.slice(at + 1) };
  } catch (cause) {
    throw new QuorateError(
      "COMMITTEE_MALFORMED",
      `${text} is no file@host:port with what praft identity prints: ${(cause as Error).message}`,
      { value: text },
      { cause },
    );
  }
}
