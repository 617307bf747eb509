import { join } from "node:path";
import { type Command, Option } from "commander";
import { QuorateError } from "../../protocol/errors.ts";
import { type Cli, subcommand } from "../command.ts";
import { deploymentPath, PROJECT_FOLDER, readDeployment } from "../deployment.ts";
import { DEFAULT_NETWORK } from "../options.ts";

interface Options {
  readonly layout: "sourcify";
  readonly out: string;
  readonly network?: string;
  readonly deployment?: string;
}

/** `quorate explorer export`: sources and metadata as other explorers read them. */
export function explorerExportCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "export",
      summary: "write sources and metadata of the deployed contracts for other explorers",
      addOptions: (command) =>
        command
          .addOption(
            new Option("--layout <name>", "layout of the folder").choices(["sourcify"]).default("sourcify"),
          )
          .option("--network <name>", `federation of deployments/<name>.json (default ${DEFAULT_NETWORK})`)
          .option("--deployment <file>", "federation of this deployment file")
          .requiredOption("--out <folder>", "where to write"),
    },
    async (options, { io }) => {
      const { exportSourcify } = await import("../../adapters/explorer/sourcify.ts");
      if (options.network && options.deployment)
        throw new QuorateError("USAGE", "--network and --deployment exclude each other: give one", {});
      const deployment = readDeployment(
        options.deployment ?? deploymentPath(options.network ?? DEFAULT_NETWORK),
      );
      const written = exportSourcify({
        artifacts: join(PROJECT_FOLDER, "artifacts"),
        chainId: deployment.chainId,
        contracts: deployment.contracts,
        out: options.out,
      });
      for (const { name, folder, files } of written) io.out(`${name}: ${files} files in ${folder}`);
      return undefined;
    },
  );
}
