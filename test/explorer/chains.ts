import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HDNodeWallet, JsonRpcProvider, Mnemonic, Wallet } from "ethers";
import type { TestChain } from "../adapters/chain/federation.ts";

/** The development phrase that anvil and Hardhat share. */
const PHRASE = Mnemonic.fromPhrase("test test test test test test test test test test test junk");
const ANVIL = "node_modules/.bin/anvil";
const START_TIMEOUT_MS = 20_000;

/** True if anvil is installed: it has a build for some platforms only. */
export function hasAnvil(): boolean {
  return existsSync(ANVIL);
}

/** An anvil of its own, with the accounts of the Hardhat chains. */
export async function startAnvil(at?: number): Promise<TestChain & { readonly port: number }> {
  const port = at ?? (await freePort());
  const child = spawn(
    ANVIL,
    ["--port", String(port), "--accounts", "20", "--hardfork", "prague", "--silent"],
    {
      stdio: "ignore",
    },
  );
  const rpcUrl = `http://127.0.0.1:${port}`;
  await untilAnswering(rpcUrl, child);
  const provider = new JsonRpcProvider(rpcUrl, undefined, {
    batchMaxCount: 1,
    cacheTimeout: -1,
    polling: true,
  });
  return {
    port,
    rpcUrl,
    provider,
    wallet: (index) => new Wallet(HDNodeWallet.fromMnemonic(PHRASE, `m/44'/60'/0'/0/${index}`).privateKey),
    async wait(seconds) {
      await provider.send("evm_increaseTime", [seconds]);
      await provider.send("evm_mine", []);
    },
    async mine(blocks) {
      await provider.send("anvil_mine", [`0x${blocks.toString(16)}`]);
    },
    async stop() {
      provider.destroy();
      const ended = new Promise((done) => child.once("exit", done));
      child.kill();
      await ended;
    },
  };
}

/** A port nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

async function untilAnswering(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
  for (;;) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }).catch(() => undefined);
    if (answer?.ok) return;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error("anvil does not start");
    await sleep(50);
  }
}
