import { Command } from "commander";
import { challengeCommand } from "./challenge.ts";
import { clientClaimCommand } from "./client/claim.ts";
import { clientRegisterCommand } from "./client/register.ts";
import { clientRunCommand } from "./client/run.ts";
import { clientStatusCommand } from "./client/status.ts";
import { clientSubmitCommand } from "./client/submit.ts";
import { clientTrainCommand } from "./client/train.ts";
import { type Cli, group } from "./command.ts";
import { dataSplitCommand } from "./data/split.ts";
import { decisionOpenCommand } from "./decision/open.ts";
import { decisionProveCommand } from "./decision/prove.ts";
import { decisionShowCommand } from "./decision/show.ts";
import { decisionVerifyCommand } from "./decision/verify.ts";
import { decisionVoteCommand } from "./decision/vote.ts";
import { explorerExportCommand } from "./explorer/export.ts";
import { explorerServeCommand } from "./explorer/serve.ts";
import { reportFailure } from "./failure.ts";
import { gasCommand } from "./gas.ts";
import { EXIT, type Io, processIo } from "./io.ts";
import { keyNewCommand } from "./key/new.ts";
import { minerExitCommand } from "./miner/exit.ts";
import { minerKeyCommand } from "./miner/key.ts";
import { minerReactivateCommand } from "./miner/reactivate.ts";
import { minerRunCommand } from "./miner/run.ts";
import { minerStakeCommand } from "./miner/stake.ts";
import { minerWithdrawCommand } from "./miner/withdraw.ts";
import { modelGetCommand } from "./model/get.ts";
import { praftClientCommand } from "./praft/client.ts";
import { praftFoundCommand } from "./praft/found.ts";
import { praftFoundersCommand } from "./praft/founders.ts";
import { praftIdentityCommand } from "./praft/identity.ts";
import { praftReplicaCommand } from "./praft/replica.ts";
import { roundsCommand } from "./rounds.ts";
import { simulateCommand } from "./simulate.ts";
import { statusCommand } from "./status.ts";
import { verifyCommand } from "./verify.ts";
import { watchCommand } from "./watch.ts";

/**
 * The `quorate` command. Returns the exit code: 0 ok, 1 the operation failed or a check did not hold, 2 the command
 * line is not usable, 130 stopped by Ctrl-C.
 *
 * @param argv arguments after the script's name
 */
export async function main(argv: string[], io: Io = processIo()): Promise<number> {
  const stop = new AbortController();
  const cli: Cli = { io, result: { code: EXIT.ok }, signal: stop.signal };
  const onSignal = () => {
    // A second signal does not wait for anything.
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort(new Error("stopped"));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    await buildProgram(cli).parseAsync(argv, { from: "user" });
    return cli.result.code;
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT.interrupted;
    return reportFailure(error, io, argv.includes("--json"));
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

function buildProgram(cli: Cli): Command {
  const program = new Command("quorate")
    .description("Federated learning without a central aggregator")
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 failed or a check did not hold, 2 unusable command line, 130 stopped by Ctrl-C.",
    );
  for (const command of subcommands(cli)) program.addCommand(command);
  configure(program, cli.io);
  return program;
}

function subcommands(cli: Cli): Command[] {
  return [
    minerCommands(cli),
    group("client", "train, submit, claim", [
      clientTrainCommand(cli),
      clientSubmitCommand(cli),
      clientRunCommand(cli),
      clientStatusCommand(cli),
      clientClaimCommand(cli),
      clientRegisterCommand(cli),
    ]),
    group("model", "models of the federation", [modelGetCommand(cli)]),
    statusCommand(cli),
    roundsCommand(cli),
    gasCommand(cli),
    verifyCommand(cli),
    watchCommand(cli),
    challengeCommand(cli),
    simulateCommand(cli),
    group("praft", "order operations off the chain, many a second", [
      praftReplicaCommand(cli),
      praftClientCommand(cli),
      praftIdentityCommand(cli),
      praftFoundersCommand(cli),
      praftFoundCommand(cli),
    ]),
    group("decision", "tasks the committee decides, and proofs of what it decided", [
      decisionOpenCommand(cli),
      decisionVoteCommand(cli),
      decisionShowCommand(cli),
      decisionProveCommand(cli),
      decisionVerifyCommand(cli),
    ]),
    explorerCommands(cli),
    group("key", "keys", [keyNewCommand(cli)]),
    group("data", "training data", [dataSplitCommand(cli)]),
  ];
}

/** `quorate miner …options` without a subcommand runs the node. */
function minerCommands(cli: Cli): Command {
  const others = [
    minerStakeCommand(cli),
    minerKeyCommand(cli),
    minerExitCommand(cli),
    minerWithdrawCommand(cli),
    minerReactivateCommand(cli),
  ];
  const command = group("miner", "run a miner's node; manage its stake and its voting key", others);
  return command.addCommand(minerRunCommand(cli), { isDefault: true });
}

/** `quorate explorer …options` without a subcommand serves the pages. */
function explorerCommands(cli: Cli): Command {
  const command = group("explorer", "see the federation in a browser", [explorerExportCommand(cli)]);
  return command.addCommand(explorerServeCommand(cli), { isDefault: true });
}

/** Applies to the whole tree: commander must throw instead of exiting, and write through the io. */
function configure(command: Command, io: Io): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.trimEnd()),
    writeErr: (text) => io.err(text.trimEnd()),
    outputError: (text, write) => write(text.replace(/^error: /, "error USAGE: ")),
  });
  for (const member of command.commands) configure(member, io);
}
