import type { Command } from "commander";
import type { OrderClient } from "../../client/order.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Config } from "../../protocol/praft/config.ts";
import { withCleanup } from "../cleanup.ts";
import type { Cli } from "../command.ts";
import { addKeyOptions, integerBetween, type KeyOptions } from "../options.ts";
import { readCommittee } from "../praft/committee.ts";
import { openIdentity } from "../praft/identity.ts";
import { derivedKey } from "../praft/member.ts";
import { openTransport } from "../praft/transport.ts";
import { openVoter, type Voter } from "../praft/voter.ts";

export interface CommitteeOptions extends KeyOptions {
  readonly committee: string;
  readonly timeout: number;
}

export function addCommitteeOptions(command: Command): Command {
  return addKeyOptions(command)
    .requiredOption("--committee <file>", "members, weights and addresses")
    .option("--timeout <seconds>", "give up after that", integerBetween(1, 3_600), 30);
}

/** A connected client of a committee. */
export interface OpenClient {
  readonly client: OrderClient;
  readonly config: Config;
  /** How this key would vote as a member. */
  readonly voter: Voter;
  readonly until: AbortSignal;
  /** Has operations ordered in one bundle, the client's next; gives its sequence. */
  submit(operations: readonly Uint8Array[]): Promise<number>;
}

/**
 * Runs `action` as a client of the committee in the file.
 * @throws QuorateError COMMITTEE_MALFORMED, PRAFT_CONFIG, PRAFT_UNANSWERED if the time is over before
 */
export function asClient(
  options: CommitteeOptions,
  { io, signal }: Cli,
  action: (open: OpenClient) => Promise<void>,
): Promise<undefined> {
  return withCleanup(async (cleanup) => {
    const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
    const { networkIdentity } = await import("../../adapters/peers/identity.ts");
    const { OrderClient } = await import("../../client/order.ts");
    const committee = await readCommittee(options.committee);
    const { config } = committee;
    const keys = await openIdentity(options, io);
    // A member's key opens its ballots too: under the member's own name this connection would take the place of its replica's.
    const identity = networkIdentity(await derivedKey("quorate client", keys.secretKey));
    const transport = await openTransport(committee, { identity });
    cleanup.add(() => transport.stop());
    const { scheme, secretKey } = keys;
    const client = new OrderClient({ scheme, secretKey, config, transport, clock: createSystemClock() });
    await client.start();
    const until = AbortSignal.any([signal, AbortSignal.timeout(1_000 * options.timeout)]);
    const voter = await openVoter(committee.scheme, secretKey);
    const submit = async (operations: readonly Uint8Array[]) => {
      const sequence = await client.nextSequence(until);
      await client.submit(operations, sequence, until);
      return sequence;
    };
    await action({ client, config, voter, until, submit }).catch((error: unknown) => {
      throw until.aborted && !signal.aborted ? unanswered(options) : error;
    });
    return undefined;
  });
}

function unanswered({ timeout, committee }: CommitteeOptions): QuorateError {
  return new QuorateError(
    "PRAFT_UNANSWERED",
    `the replicas of ${committee} did not confirm within ${timeout} s: the operations may still be executed; ` +
      "see that more than two thirds of the weight is up, or wait longer with --timeout",
    { timeout },
  );
}
