import { fileURLToPath } from "node:url";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import hardhatVerify from "@nomicfoundation/hardhat-verify";
import { defineConfig } from "hardhat/config";

/** Settings of every simulated chain this project starts; see docs/decisions for why they differ from the defaults. */
const simulated = {
  type: "edr-simulated",
  chainType: "l1",
  hardfork: "prague",
  // A reverted transaction must keep its hash and receipt: the gas ledger accounts for it.
  throwOnTransactionFailures: false,
  // Quick blocks must not push the chain clock ahead of the host clock.
  allowBlocksWithSameTimestamp: true,
} as const;

export default defineConfig({
  plugins: [
    hardhatEthers,
    hardhatEthersChaiMatchers,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatTypechain,
    hardhatVerify,
  ],
  solidity: {
    // The compiler comes from npm: nothing is downloaded at build time.
    version: "0.8.37",
    path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
    settings: {
      optimizer: { enabled: true, runs: 10_000 },
      viaIR: true,
      evmVersion: "prague",
    },
  },
  paths: { tests: { mocha: "./test", solidity: "./test/contracts" } },
  typechain: { outDir: "./types" },
  networks: {
    node: { ...simulated, mining: { auto: true } },
    default: { ...simulated, throwOnTransactionFailures: true },
    localhost: { type: "http", url: process.env.QUORATE_RPC_URL ?? "http://127.0.0.1:8545" },
  },
});
