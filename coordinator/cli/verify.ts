import type { Command } from "commander";
import { type Cleanup, withCleanup } from "./cleanup.ts";
import { type Cli, subcommand } from "./command.ts";
import { openNetwork, openReader, sha256 } from "./connect.ts";
import { EXIT, type ExitCode, type Io, toJson } from "./io.ts";
import { addChainOptions, addJsonOption, type ChainOptions, parseRound } from "./options.ts";

interface Options extends ChainOptions {
  readonly round: bigint;
  readonly ipfs?: string;
  readonly json?: boolean;
}

/** `quorate verify`: recomputes a round from chain and IPFS alone. */
export function verifyCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "verify",
      summary: "refetch and recompute a round and compare it with the chain; exit code 1 on any difference",
      addOptions: (command) =>
        addJsonOption(addChainOptions(command))
          .requiredOption("--round <n>", "round to verify", parseRound)
          .option(
            "--ipfs <source>",
            "fetch from this miner, gateway or multiaddr instead of the chain's endpoints",
          ),
    },
    (options, context) => withCleanup((cleanup) => verify(options, context, cleanup)),
  );
}

async function verify(options: Options, { io, signal }: Cli, cleanup: Cleanup): Promise<ExitCode> {
  const { loadFederation } = await import("../adapters/federation/load-federation.ts");
  const { createRecoverer } = await import("../adapters/keys/recover.ts");
  const { createWasmEvaluator } = await import("../adapters/learning/wasm-evaluator.ts");
  const { verifyRound } = await import("../audit/verify-round.ts");
  const chain = await openReader(options, io, cleanup);
  const { content, digest } = await openNetwork(chain, options, cleanup);
  const result = await verifyRound({
    chain,
    content,
    loadFederation: () => loadFederation({ chain, content, sha256, signal }),
    evaluator: (validation) => {
      const evaluator = createWasmEvaluator(validation);
      cleanup.add(() => evaluator.stop());
      return evaluator;
    },
    recoverer: createRecoverer(),
    digest,
    round: options.round,
    sha256,
    onCheck: (check) => options.json || printCheck(check, io),
  });
  const wrong = result.checks.filter((check) => !check.ok).length;
  const outcome = result.ok
    ? `all ${result.checks.length} checks hold`
    : `${wrong} of ${result.checks.length} checks do NOT hold`;
  io.out(options.json ? toJson(result) : `round ${result.round}: ${outcome}`);
  return result.ok ? EXIT.ok : EXIT.failed;
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly expected?: unknown;
  readonly actual?: unknown;
  readonly detail?: string;
}

function printCheck({ name, ok, expected, actual, detail }: Check, io: Io): void {
  io.out(`${ok ? "ok  " : "DIFF"} ${name}${detail ? `: ${detail}` : ""}`);
  if (!ok) io.out(`     expected ${String(expected)}\n     actual   ${String(actual)}`);
}
