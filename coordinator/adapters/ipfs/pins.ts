import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "../../protocol/bytes.ts";

/**
 * Which files a store keeps, one small text file each: the CIDs of its blocks, one per line. Helia's own pins lose
 * count when a file that shares blocks with another is unpinned and pinned again, so they are not used.
 */
export interface PinIndex {
  has(digest: Hex): boolean;
  blocks(digest: Hex): Promise<readonly string[]>;
  add(digest: Hex, blocks: readonly string[]): Promise<void>;
  /** Forgets a pin; returns its blocks that no other pinned file uses. */
  remove(digest: Hex): Promise<readonly string[]>;
  /** True if a pinned file uses the block. */
  uses(block: string): Promise<boolean>;
}

export async function openPins(folder: string): Promise<PinIndex> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  const pinned = new Set(names.filter((name) => /^0x[0-9a-f]{64}$/.test(name)));
  const fileOf = (digest: Hex): string => join(folder, digest.toLowerCase());
  // Counting every block of every file is only needed once something is removed.
  let counts: Map<string, number> | undefined;

  const blocks = async (digest: Hex): Promise<string[]> =>
    (await readFile(fileOf(digest), "utf8")).split("\n").filter((line) => line !== "");

  const count = async (): Promise<Map<string, number>> => {
    if (counts) return counts;
    const fresh = new Map<string, number>();
    for (const digest of pinned)
      for (const block of await blocks(digest as Hex)) fresh.set(block, (fresh.get(block) ?? 0) + 1);
    counts = fresh;
    return fresh;
  };

  return {
    has: (digest) => pinned.has(digest.toLowerCase()),
    blocks,
    async add(digest, list) {
      if (pinned.has(digest.toLowerCase())) return;
      const unique = [...new Set(list)];
      const temporary = `${fileOf(digest)}.new`;
      await writeFile(temporary, `${unique.join("\n")}\n`);
      await rename(temporary, fileOf(digest));
      pinned.add(digest.toLowerCase());
      if (counts) for (const block of unique) counts.set(block, (counts.get(block) ?? 0) + 1);
    },
    async remove(digest) {
      if (!pinned.has(digest.toLowerCase())) return [];
      const totals = await count();
      const list = await blocks(digest);
      await rm(fileOf(digest), { force: true });
      pinned.delete(digest.toLowerCase());
      for (const block of list) totals.set(block, (totals.get(block) ?? 1) - 1);
      return list.filter((block) => totals.get(block) === 0);
    },
    async uses(block) {
      return ((await count()).get(block) ?? 0) > 0;
    },
  };
}
