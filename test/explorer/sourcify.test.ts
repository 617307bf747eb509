import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { exportSourcify } from "../../coordinator/adapters/explorer/sourcify.ts";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";

const ADDRESS = `0x${"12".repeat(20)}`;

describe("export in Sourcify's layout", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-sourcify-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (artifacts: string, ...names: string[]) =>
    exportSourcify({
      artifacts,
      chainId: "31337",
      contracts: Object.fromEntries(names.map((name) => [name, { address: ADDRESS }])),
      out: folder,
    });

  it("writes metadata that the contract's code names by digest, and every source it names", () => {
    const [written] = write("artifacts", "RoundConsensus");
    const place = join(folder, "contracts", "full_match", "31337", ADDRESS);
    expect(written).to.deep.include({ name: "RoundConsensus", folder: place });
    const metadata = JSON.parse(readFileSync(join(place, "metadata.json"), "utf8"));
    expect(Object.values(metadata.settings.compilationTarget)).to.deep.equal(["RoundConsensus"]);
    for (const path of Object.keys(metadata.sources))
      expect(existsSync(join(place, "sources", path)), path).to.equal(true);
    expect(written!.files).to.equal(Object.keys(metadata.sources).length + 1);
  });

  it("refuses code that was compiled from something else", () => {
    const artifacts = join(folder, "artifacts");
    const [path] = globSync("artifacts/contracts/RewardDistributor.sol/RewardDistributor.json");
    mkdirSync(artifacts);
    cpSync("artifacts/build-info", join(artifacts, "build-info"), { recursive: true });
    const artifact = JSON.parse(readFileSync(path!, "utf8"));
    const end = artifact.deployedBytecode.length;
    const at = artifact.deployedBytecode.lastIndexOf("a264697066735822") + 30;
    const digit = artifact.deployedBytecode[at] === "0" ? "1" : "0";
    artifact.deployedBytecode = `${artifact.deployedBytecode.slice(0, at)}${digit}${artifact.deployedBytecode.slice(at + 1, end)}`;
    mkdirSync(join(artifacts, "RewardDistributor.sol"));
    writeFileSync(join(artifacts, "RewardDistributor.sol/RewardDistributor.json"), JSON.stringify(artifact));
    expect(() => write(artifacts, "RewardDistributor"))
      .to.throw()
      .that.satisfies((error: unknown) => isQuorateError(error, "METADATA_MISMATCH"));
  });

  it("says when a contract was never compiled", () => {
    expect(() => write("artifacts", "Nothing"))
      .to.throw()
      .that.satisfies((error: unknown) => isQuorateError(error, "ARTIFACTS_MISSING"));
  });
});
