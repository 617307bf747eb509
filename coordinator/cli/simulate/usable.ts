import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { formatRule, type Rule, reasonAgainst } from "../../protocol/aggregation/rule.ts";
import { QuorateError } from "../../protocol/errors.ts";

/** What a simulation is asked for, as far as it may be impossible. */
export interface Wish {
  readonly rules: readonly Rule[];
  readonly clients: number;
  readonly byzantine: number;
  /** Files that will be written in the end. */
  readonly outputs: readonly (string | undefined)[];
}

/**
 * Refuses what could only fail after minutes of training: a rule for which there are too few clients even if nobody is
 * refused, no honest client, a file that can't be written.
 * @throws QuorateError USAGE
 */
export async function assertUsable({ rules, clients, byzantine, outputs }: Wish): Promise<void> {
  if (byzantine >= clients)
    throw new QuorateError("USAGE", `--byzantine ${byzantine} of ${clients} clients leaves nobody honest`, {
      byzantine,
      clients,
    });
  for (const rule of rules) {
    const why = reasonAgainst(rule, clients);
    if (why !== undefined) throw new QuorateError("USAGE", why, { rule: formatRule(rule), clients });
  }
  for (const path of outputs) if (path !== undefined) await assertWritable(path);
}

async function assertWritable(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  await access(exists ? path : dirname(path), constants.W_OK).catch((cause: Error) => {
    throw new QuorateError("USAGE", `${path} can't be written: ${cause.message}`, { path }, { cause });
  });
}
