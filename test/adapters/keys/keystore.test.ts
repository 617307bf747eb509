import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { Wallet } from "ethers";
import {
  createKeystore,
  type KeySource,
  loadSigner,
  loadWallet,
} from "../../../coordinator/adapters/keys/keystore.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";

const folders = temporaryFolders();
const KEY = `0x${"42".repeat(32)}`;
const ADDRESS = new Wallet(KEY).address;
const PASSWORD = "correct horse";

describe("a keystore", () => {
  let path: string;
  beforeEach(() => {
    path = join(folders(), "keys", "miner.json");
  });

  it("is made, readable by its owner alone, and opened with its password", async () => {
    const address = await createKeystore(path, PASSWORD, { fast: true });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const wallet = await loadWallet({ keystorePath: path, passwordEnv: "PW" }, { PW: PASSWORD });
    expect(wallet.address).to.equal(address);
    expect(readFileSync(path, "utf8")).not.to.contain(wallet.privateKey.slice(2));
    const passwordFile = `${path}.password`;
    writeFileSync(passwordFile, `${PASSWORD}\n`);
    expect((await loadSigner({ keystorePath: path, passwordFile })).address).to.equal(address);
  });

  it("is of version 3 with the standard cost unless a fast one is asked for", async () => {
    await createKeystore(path, PASSWORD, { privateKey: KEY });
    const { version, Crypto } = JSON.parse(readFileSync(path, "utf8"));
    expect({ version, n: Crypto.kdfparams.n }).to.deep.equal({ version: 3, n: 131_072 });
    const wallet = await loadWallet({ keystorePath: path, passwordEnv: "PW" }, { PW: PASSWORD });
    expect(wallet.privateKey).to.equal(KEY);
  });

  it("draws another key each time", async () => {
    const first = await createKeystore(path, PASSWORD, { fast: true });
    expect(await createKeystore(`${path}2`, PASSWORD, { fast: true })).not.to.equal(first);
  });

  it("is never overwritten", async () => {
    await createKeystore(path, PASSWORD, { fast: true });
    const before = readFileSync(path, "utf8");
    await expectRejection("KEYSTORE_EXISTS", createKeystore(path, "another", { fast: true }));
    expect(readFileSync(path, "utf8")).to.equal(before);
  });

  it("is not left half made", async () => {
    await expectRejection("KEY_MALFORMED", createKeystore(path, PASSWORD, { privateKey: "0x12" }));
    expect(existsSync(path)).to.equal(false);
    const file = join(folders(), "file");
    writeFileSync(file, "");
    await expectRejection(
      "FOLDER_UNWRITABLE",
      createKeystore(join(file, "miner.json"), PASSWORD, { fast: true }),
    );
  });

  it("refuses each wrong source with its own code, and tells no secret", async () => {
    await createKeystore(path, PASSWORD, { fast: true, privateKey: KEY });
    writeFileSync(`${path}.broken`, "{}");
    const wrong = "wrong-password";
    const cases: [string, KeySource][] = [
      ["KEYSTORE_PASSWORD", { keystorePath: path, passwordEnv: "WRONG" }],
      ["KEYSTORE_MISSING", { keystorePath: `${path}.none`, passwordEnv: "WRONG" }],
      ["KEYSTORE_MALFORMED", { keystorePath: `${path}.broken`, passwordEnv: "WRONG" }],
      ["KEY_MISSING", { keystorePath: path, passwordEnv: "UNSET" }],
      ["KEY_MISSING", { keystorePath: path, passwordFile: `${path}.none` }],
      ["KEY_MISSING", { keystorePath: path }],
      ["KEY_MISSING", { privateKeyEnv: "UNSET" }],
      ["KEY_MISSING", { privateKeyEnv: "EMPTY" }],
      ["KEY_MALFORMED", { privateKeyEnv: "SHORT" }],
      ["KEY_MALFORMED", { privateKeyEnv: "ZERO" }],
    ];
    const env = { WRONG: wrong, SHORT: KEY.slice(0, -2), ZERO: `0x${"00".repeat(32)}`, EMPTY: "" };
    for (const [code, source] of cases) {
      const error = await expectRejection(code, loadWallet(source, env));
      expect(inspect(error, { depth: 10 }), code)
        .not.to.contain(wrong)
        .and.not.to.contain(KEY.slice(2, 40));
    }
  });

  it("comes from the environment too, with or without 0x", async () => {
    for (const text of [KEY, KEY.slice(2)])
      expect((await loadSigner({ privateKeyEnv: "KEY" }, { KEY: text })).address).to.equal(ADDRESS);
  });

  it("shows no key when a signer is printed", async () => {
    const signer = await loadSigner({ privateKeyEnv: "KEY" }, { KEY });
    expect(inspect(signer, { depth: 10, showHidden: true })).not.to.contain(KEY.slice(2, 40));
    expect(JSON.stringify(signer)).not.to.contain(KEY.slice(2, 40));
  });
});
