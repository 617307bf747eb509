import { writeFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openNetwork, openReader, sha256 } from "../connect.ts";
import { toJson } from "../io.ts";
import { addChainOptions, addJsonOption, type ChainOptions, parseRound } from "../options.ts";

interface Options extends ChainOptions {
  readonly round: bigint | "base" | "head";
  readonly out: string;
  readonly ipfs?: string;
  readonly json?: boolean;
}

/** `quorate model get`: a model of the federation, checked against the chain. */
export function modelGetCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "get",
      summary: "fetch a model, check it against the chain and write it as .safetensors",
      addOptions: (command) =>
        addJsonOption(addChainOptions(command))
          .option(
            "--round <n>",
            "an agreed round; base: what the open round trains on; head: the newest",
            parseWhich,
            "base",
          )
          .option(
            "--ipfs <source>",
            "fetch from this miner, gateway or multiaddr instead of the chain's endpoints",
          )
          .requiredOption("--out <file>", "where the model goes"),
    },
    (options, { io, signal }) =>
      withCleanup(async (cleanup) => {
        const { loadFederation } = await import("../../adapters/federation/load-federation.ts");
        const { getModel } = await import("../../client/get-model.ts");
        const chain = await openReader(options, io, cleanup);
        const { content } = await openNetwork(chain, options, cleanup);
        const federation = await loadFederation({ chain, content, withValidation: false, sha256, signal });
        const got = await getModel({ chain, content, federation, which: options.round, sha256 });
        await writeFile(options.out, got.bytes);
        const { round, modelRoot, modelCid } = got;
        io.out(
          options.json
            ? toJson({ round, modelRoot, modelCid, file: options.out, bytes: got.bytes.length })
            : `${options.out}: ${round === 0n ? "the genesis model" : `the model of round ${round}`}, ${got.bytes.length} bytes, model root ${modelRoot} as on chain`,
        );
        return undefined;
      }),
  );
}

function parseWhich(text: string): bigint | "base" | "head" {
  if (text === "base" || text === "head") return text;
  try {
    return parseRound(text);
  } catch {
    throw new InvalidArgumentError("expected a round number, base or head.");
  }
}
