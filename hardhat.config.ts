import { fileURLToPath } from "node:url";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import hardhatVerify from "@nomicfoundation/hardhat-verify";
import { configVariable, defineConfig } from "hardhat/config";

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

const rpcUrl = process.env.QUORATE_RPC_URL ?? "http://127.0.0.1:8545";

/** Keys for chains that hold none themselves: one in QUORATE_PRIVATE_KEY or several, comma-separated, in QUORATE_PRIVATE_KEYS. */
const privateKeys = (process.env.QUORATE_PRIVATE_KEYS ?? process.env.QUORATE_PRIVATE_KEY ?? "")
  .split(",")
  .map((key) => key.trim())
  .filter((key) => key !== "");

/** Where build output goes; another folder keeps instrumented or mutated code away from what everyone else runs. */
const buildFolder = process.env.QUORATE_BUILD_FOLDER ?? ".";

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
    // Deployed as it is; files of packages get an artifact only if they are named here.
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
    settings: {
      // 200 runs: RoundConsensus stays below the 24,576 bytes a contract may have.
      optimizer: { enabled: true, runs: 200 },
      viaIR: true,
      evmVersion: "prague",
      // `quorate explorer export` writes it for other explorers.
      outputSelection: { "*": { "*": ["metadata"] } },
    },
  },
  // Hardhat runs the contract tests, in both languages; scripts/test/run.ts runs those and all others.
  paths: {
    tests: { mocha: "./test/contracts", solidity: "./test/contracts" },
    artifacts: `${buildFolder}/artifacts`,
    cache: `${buildFolder}/cache`,
  },
  test: {
    mocha: { timeout: 60_000 },
    // Solidity reads the vectors that TypeScript reads.
    solidity: { fsPermissions: { readDirectory: ["test/vectors"] } },
  },
  // TypeChain writes namespaces, which this project does not allow in its own sources.
  typechain: { outDir: "./types", tsNocheck: true },
  networks: {
    node: { ...simulated, mining: { auto: true } },
    default: { ...simulated, throwOnTransactionFailures: true },
    // A local development chain, whose node signs for its own accounts.
    localhost: { type: "http", url: rpcUrl },
    // Any other chain: `QUORATE_RPC_URL=… QUORATE_PRIVATE_KEY=… npx hardhat run scripts/deploy.ts --network custom`.
    custom: { type: "http", url: rpcUrl, accounts: privateKeys },
  },
  // Read only when a verification is asked for.
  verify: { etherscan: { apiKey: configVariable("ETHERSCAN_API_KEY") } },
});
