import { hexlify, recoverAddress, Signature } from "ethers";
import type { AnchorHead, CheckpointChain } from "../../ports/checkpoints.ts";
import { type Hex, sameHex, toHex, ZERO_HASH } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { signingAddress } from "../../protocol/praft/address.ts";
import { type Config, configDetails, configHash, memberWords } from "../../protocol/praft/config.ts";
import type { Checkpoint } from "../../protocol/praft/messages.ts";
import { checkpointDigest } from "../../protocol/praft/statements.ts";
import type { AnchorRecord } from "../../protocol/views/anchors.ts";
import type { QuorateReader } from "./reader.ts";
import { callOf, type Transactor } from "./transactions.ts";

/** Reads and writes CheckpointRegistry. */
export function createCheckpointChain(reader: QuorateReader, transactor: Transactor): CheckpointChain {
  const { contracts, guard } = reader.connection;
  const registry = contracts.CheckpointRegistry;
  const send = (method: string, ...args: readonly unknown[]) =>
    transactor.send({ ...callOf(reader, "CheckpointRegistry", method, args), round: null });
  const heldConfig = async () =>
    (await guard("CheckpointRegistry.heldConfig", () => registry.heldConfig())) as Hex;
  return {
    groupId: async () => (await guard("CheckpointRegistry.groupId", () => registry.groupId())) as Hex,
    head: () => readHead(reader),
    async anchor(config, checkpoints) {
      const founded = configHash(config, ZERO_HASH) === (await heldConfig());
      const committee = {
        details: founded ? ZERO_HASH : configDetails(config),
        members: memberWords(config),
      };
      const signers = checkpoints.reduce((bits, { signer }) => bits | (1n << BigInt(signer)), 0n);
      const signatures = checkpoints.map((each) => recoverable(config, each));
      return send("anchor", contentOf(checkpoints[0]!), committee, signers, signatures);
    },
    found: () => send("found"),
    accuse: (config, first, second) =>
      send(
        "proveEquivocation",
        contentOf(first),
        recoverable(config, first),
        contentOf(second),
        recoverable(config, second),
      ),
  };
}

/** From the events, which a reader follows anyway. */
export async function readHead(reader: QuorateReader): Promise<AnchorHead> {
  const { contracts, guard } = reader.connection;
  const registry = contracts.CheckpointRegistry;
  const { count, epoch, height } = await guard("CheckpointRegistry.head", () => registry.head());
  const { anchors, heldConfig } = await reader.recentView();
  const newest = anchors.at(-1);
  return {
    count: Number(count),
    epoch: Number(epoch),
    height: Number(height),
    configHash: heldConfig ?? ZERO_HASH,
    newest: newest && { content: anchoredContent(newest), configHash: newest.configHash },
  };
}

function anchoredContent(record: AnchorRecord) {
  const { epoch, height, blockHash, stateRoot, decisionsRoot, nextConfigHash } = record;
  return {
    epoch: Number(epoch),
    height: Number(height),
    blockHash,
    stateRoot,
    decisionsRoot,
    nextConfigHash,
  };
}

function contentOf({ epoch, height, blockHash, stateRoot, decisionsRoot, nextConfigHash }: Checkpoint) {
  return { epoch, height, blockHash, stateRoot, decisionsRoot, nextConfigHash };
}

/**
 * The compact form a contract recovers from. Replicas sign r and s alone, so the parity is found by trying both.
 * @throws QuorateError SIGNER_UNRECOVERABLE
 */
function recoverable(config: Config, checkpoint: Checkpoint): { r: string; vs: string } {
  const { signer, signature } = checkpoint;
  const digest = toHex(checkpointDigest(config, checkpoint));
  const address = signingAddress(config.members[signer]!.voteKey);
  const [r, s] = [hexlify(signature.subarray(0, 32)), hexlify(signature.subarray(32))];
  for (const yParity of [0, 1] as const) {
    const full = signature.length === 64 ? Signature.from({ r, s, yParity }) : undefined;
    if (full && sameHex(recoverAddress(digest, full), address)) return { r, vs: full.yParityAndS };
  }
  throw new QuorateError(
    "SIGNER_UNRECOVERABLE",
    `no contract recovers member ${signer} from its checkpoint at height ${checkpoint.height}: only secp256k1 vote keys can anchor`,
    { signer, height: checkpoint.height },
  );
}
