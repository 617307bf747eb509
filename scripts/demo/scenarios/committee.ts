import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createChainReader } from "../../../coordinator/adapters/chain/reader.ts";
import type { DemoFederation } from "../federation.ts";
import { freePorts } from "../folder.ts";
import { quorate } from "../quorate.ts";

/** Writes the committee file of the miners' replicas, of equal weight each; returns its path. */
export async function writeCommittee(
  { rpcUrl, contract, miners }: DemoFederation,
  folder: string,
): Promise<string> {
  const chain = await createChainReader({ rpcUrl, roundConsensus: contract });
  const groupId = await chain.connection.contracts.CheckpointRegistry.groupId();
  chain.close();
  const ports = await freePorts(miners.length);
  const members = [];
  for (const [i, { keystore, passwordFile }] of miners.entries()) {
    const key = ["--keystore", keystore, "--password-file", passwordFile];
    const { out } = await quorate(["praft", "identity", ...key]);
    members.push({ ...JSON.parse(out), weight: 1, address: `127.0.0.1:${ports[i]}` });
  }
  const path = join(folder, "committee.json");
  writeFileSync(path, JSON.stringify({ groupId, epoch: 0, members }));
  return path;
}
