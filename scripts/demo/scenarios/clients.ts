import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createHttpTransport } from "../../../coordinator/adapters/http/client.ts";
import { digestOfBytes } from "../../../coordinator/adapters/ipfs/cid.ts";
import { signerOf } from "../../../coordinator/adapters/keys/keystore.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { isQuorateError } from "../../../coordinator/protocol/errors.ts";
import { modelRootOfBytes } from "../../../coordinator/protocol/model/model-root.ts";
import type { SignedUpdate } from "../../../coordinator/protocol/round/references.ts";
import type { FederationView } from "../../../coordinator/protocol/views/federation-view.ts";
import type { User } from "../../federation/accounts.ts";
import { quorate } from "../quorate.ts";
import { breakOffUpload } from "./broken-upload.ts";
import type { Flow } from "./flow.ts";
import { must, type Scenario, until } from "./scenario.ts";

const SAMPLES = 200n;

function keyOf(user: User): string[] {
  return ["--keystore", user.keystore, "--password-file", user.passwordFile];
}

/** Waits for an open round; resolves with its number. */
export async function openRound(flow: Flow): Promise<number> {
  const isOpen = ({ rounds, latestRound }: FederationView) => rounds.get(latestRound)?.status === "open";
  return Number((await until(flow, isOpen, "a round is open")).latestRound);
}

/** Trains for the open round; resolves with the file. */
async function train(flow: Flow, client: number, seed: string): Promise<string> {
  const out = join(flow.options.out, `update-${client}-${seed}.safetensors`);
  const data = join(flow.options.out, "data", `${client + 1}.qrdata`);
  const { code, err } = await quorate([
    ...["client", "train", "--data", data, "--seed", seed, "--out", out],
    ...flow.at,
  ]);
  must(code === 0, `client ${client + 1} trains (${err})`);
  return out;
}

/** Trains an update of every client. A round waits for its first update without end, and from then on not for long. */
export async function trainAll(flow: Flow): Promise<string[]> {
  const files: string[] = [];
  for (const client of flow.federation.clients.keys()) files.push(await train(flow, client, "1"));
  return files;
}

/** Submits for all clients but the first. */
async function submitOthers(flow: Flow, files: readonly string[]): Promise<void> {
  for (const [index, file] of files.entries()) {
    const { code, err } = await submit(flow, index + 1, file);
    must(code === 0, `client ${index + 2} submits (${err})`);
  }
}

export async function submit(flow: Flow, client: number, model: string) {
  const words = ["client", "submit", "--json", "--model", model, "--samples", String(SAMPLES)];
  return quorate([...words, ...keyOf(flow.federation.clients[client]!), ...flow.at]);
}

/** An update of the open round for `author`, signed by `signer`. */
async function signedBy(flow: Flow, author: User, signer: User, bytes: Uint8Array): Promise<SignedUpdate> {
  const { round, openingHash, baseRoot } = (await flow.chain.currentRound())!;
  const roots = { modelRoot: modelRootOfBytes(bytes), modelCid: await digestOfBytes(bytes) };
  const update = { round, openingHash, baseRoot, ...roots, sampleCount: SAMPLES };
  const { domain } = await flow.chain.federation();
  const signature = await signerOf(signer.wallet).sign(domain, "Update", update);
  return { client: author.wallet.address as Hex, update, signature };
}

const clientVanishes: Scenario = {
  name: "client-vanishes",
  what: "a client breaks off in the middle of its upload and never comes back",
  settings: { rounds: 3, startClients: false },
  async run(flow) {
    const round = await openRound(flow);
    const [lost] = flow.federation.clients;
    const [file, ...others] = await trainAll(flow);
    const bytes = new Uint8Array(readFileSync(file!));
    await breakOffUpload(flow.federation.endpoints[0]!, await signedBy(flow, lost!, lost!, bytes), bytes);
    await submitOthers(flow, others);
    const record = await flow.ended(round);
    must(record.status === "agreed", "the round is agreed without it");
    must(record.candidates[0]!.candidate.updateCount === 2, "with the two whole updates");
    return "the round waits its time, then is agreed with the other two updates";
  },
};

const twoUpdates: Scenario = {
  name: "client-two-updates",
  what: "a client signs two different updates in one round",
  settings: { rounds: 3, startClients: false },
  async run(flow) {
    const round = await openRound(flow);
    const [first, ...others] = await trainAll(flow);
    const [second, third] = [await train(flow, 0, "2"), await train(flow, 0, "3")];
    const roots: string[] = [];
    let counts = "";
    for (const file of [first!, second]) {
      roots.push(await rootTaken(flow, file));
      // The same update again changes nothing.
      const { acknowledged } = JSON.parse((await submit(flow, 0, file)).out);
      must(acknowledged[0].held.length === roots.length, "each different one is held once");
      counts = acknowledged[0].counts;
    }
    must(counts === roots.toSorted()[0], "the lower root counts");
    must((await submit(flow, 0, third)).code === 1, "a third one is refused");
    await submitOthers(flow, others);
    const record = await flow.ended(round);
    must(record.status === "agreed", "the round is agreed");
    must(record.candidates.length === 1, "both miners count the same one");
    must(record.candidates[0]!.signers.length === 2, "both sign");
    must(record.candidates[0]!.candidate.updateCount === 3, "one per client");
    return `both kept as evidence, the lower root ${counts.slice(0, 10)} counts everywhere`;
  },
};

/** Submits an update of the first client; resolves with its model root. */
async function rootTaken(flow: Flow, file: string): Promise<string> {
  const { code, out, err } = await submit(flow, 0, file);
  must(code === 0, `the update is taken (${err})`);
  return JSON.parse(out).modelRoot;
}

const forgedUpdate: Scenario = {
  name: "forged-update",
  what: "a client sends an update in another client's name, and a stranger one in its own",
  settings: { rounds: 3, startClients: false },
  async run(flow) {
    const round = await openRound(flow);
    const { clients, miners, endpoints } = flow.federation;
    const [file, ...others] = await trainAll(flow);
    const bytes = new Uint8Array(readFileSync(file!));
    const transport = createHttpTransport();
    const refusal = async (author: User, signer: User) => {
      const signed = await signedBy(flow, author, signer, bytes);
      return transport.submitUpdate(endpoints[0]!, signed, bytes).then(
        () => "taken",
        (error) => (isQuorateError(error) ? error.code : String(error)),
      );
    };
    const codes = [await refusal(clients[1]!, clients[0]!), await refusal(miners[0]!, miners[0]!)];
    must(codes.join() === "UPDATE_BAD_SIGNATURE,UPDATE_UNKNOWN_CLIENT", `both are refused (${codes})`);
    await submit(flow, 0, file!);
    await submitOthers(flow, others);
    const record = await flow.ended(round);
    must(record.status === "agreed", "the round is agreed");
    must(record.candidates[0]!.candidate.updateCount === 3, "with the three real updates");
    return `refused with ${codes.join(" and ")}, the round is agreed with the real updates`;
  },
};

export const CLIENT_FAULTS = [clientVanishes, twoUpdates, forgedUpdate];
