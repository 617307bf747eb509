import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { temporaryFolders } from "../../ports/temporary-folder.ts";

const PROCESS = fileURLToPath(new URL("full-disk-process.ts", import.meta.url));
/** Bytes: as if the disk had no more room, refused by the system itself (RLIMIT_FSIZE). */
const ROOM = 100_000;

describe("a store on a full disk", function () {
  this.timeout(60_000);
  const newFolder = temporaryFolders();

  it("names it, and works on with what fits", function () {
    const run = spawnSync("prlimit", [`--fsize=${ROOM}`, process.execPath, PROCESS, newFolder()], {
      encoding: "utf8",
    });
    // A system without the limit can't show it.
    if (run.error) return this.skip();
    expect(run.stdout.trim().split("\n"), run.stderr).to.deep.equal(["stored", "STORE_UNWRITABLE", "stored"]);
  });
});
