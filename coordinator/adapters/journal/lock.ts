import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { QuorateError } from "../../protocol/errors.ts";

/** Who holds a lock: a process id, and when that process started, because ids are used again. */
interface Holder {
  readonly pid: number;
  readonly started: string;
}

/**
 * Takes the lock file, replacing one whose process is gone.
 * @returns a function that gives it back
 * @throws QuorateError JOURNAL_LOCKED
 */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const own = `${file}.${randomUUID()}`;
  const me: Holder = { pid: process.pid, started: await startOf(process.pid) };
  await writeFile(own, JSON.stringify(me));
  try {
    // A hard link appears whole or not at all: nobody ever reads a half-written lock.
    if (!(await tryLink(own, file))) {
      await clearStale(file);
      if (!(await tryLink(own, file))) throw locked(file, await readHolder(file));
    }
  } finally {
    await rm(own, { force: true });
  }
  return () => rm(file, { force: true });
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function clearStale(file: string): Promise<void> {
  const holder = await readHolder(file);
  if (holder && (await isAlive(holder))) throw locked(file, holder);
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  // Another process may have replaced the stale lock between the look and the move: then its lock goes back.
  const moved = await readHolder(aside);
  if (moved && (await isAlive(moved))) {
    await tryLink(aside, file);
    await rm(aside, { force: true });
    throw locked(file, moved);
  }
  await rm(aside, { force: true });
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return (await startOf(pid)) === started;
}

/** When a process started, in clock ticks since boot (proc(5), field 22); empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in brackets that may hold spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function locked(file: string, holder: Holder | undefined): QuorateError {
  const who = holder ? `process ${holder.pid}` : "another process";
  return new QuorateError(
    "JOURNAL_LOCKED",
    `${file} is held by ${who}: two nodes with one key would sign against each other; stop that process first`,
    { file, pid: holder?.pid },
  );
}
