import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import hardhatVerify from "@nomicfoundation/hardhat-verify";
import { configVariable, defineConfig } from "hardhat/config";

/**
 * Compiles everything in half the time, to larger and dearer code: for runs in which only what the contracts do counts, as
 * in measuring coverage. Never for code that is deployed.
 */
const quick = process.env.QUORATE_QUICK_COMPILE === "1";

/** Settings of every simulated chain this project starts; see docs/decisions for why they differ from the defaults. */
const simulated = {
  type: "edr-simulated",
  chainType: "l1",
  hardfork: "prague",
  // A reverted transaction must keep its hash and receipt: the gas ledger accounts for it.
  throwOnTransactionFailures: false,
  // Quick blocks must not push the chain clock ahead of the host clock.
  allowBlocksWithSameTimestamp: true,
  allowUnlimitedContractSize: quick,
} as const;

const rpcUrl = process.env.QUORATE_RPC_URL ?? "http://127.0.0.1:8545";

/** Another Sourcify server than the public one. */
const sourcifyUrl = process.env.QUORATE_SOURCIFY_URL;

/** Keys for chains that hold none themselves: one in QUORATE_PRIVATE_KEY or several, comma-separated, in QUORATE_PRIVATE_KEYS. */
const privateKeys = (process.env.QUORATE_PRIVATE_KEYS ?? process.env.QUORATE_PRIVATE_KEY ?? "")
  .split(",")
  .map((key) => key.trim())
  .filter((key) => key !== "");

/** Where build output goes; another folder keeps instrumented or mutated code away from what everyone else runs. */
const buildFolder = process.env.QUORATE_BUILD_FOLDER ?? ".";

/** So many that RoundConsensus stays below the 24,576 bytes a contract may have. */
const CONSENSUS_RUNS = 400;

/** The compiler comes from npm: nothing is downloaded at build time. */
const compiler = (runs: number, optimize = !quick) => ({
  version: "0.8.37",
  path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
  settings: {
    optimizer: { enabled: optimize, runs: optimize ? runs : 200 },
    viaIR: optimize,
    evmVersion: "prague",
    // `quorate explorer export` writes it for other explorers.
    outputSelection: { "*": { "*": ["metadata"] } },
  },
});

/** Tests deploy the contracts as compiled above; how fast they themselves are matters less than how soon they compile. */
const testCompiler = () => compiler(0, false);

/** `overrides` of the compiler for some files. */
const forFiles = <T>(files: string[], settings: () => T) =>
  Object.fromEntries(files.map((file) => [file, settings()]));

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
    compilers: [compiler(CONSENSUS_RUNS)],
    overrides: {
      // What every round and every claim calls and is far from the size limit is compiled for cheap calls.
      ...forFiles(
        ["CheckpointRegistry", "FederationToken", "MinerRegistry", "RewardDistributor"].map(
          (name) => `contracts/${name}.sol`,
        ),
        () => compiler(1_000_000),
      ),
      ...forFiles(globSync("test/contracts/**/*.sol", { cwd: import.meta.dirname }), testCompiler),
    },
    // Deployed as it is; files of packages get an artifact only if they are named here.
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
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
  verify: {
    etherscan: { apiKey: configVariable("ETHERSCAN_API_KEY") },
    ...(sourcifyUrl && { sourcify: { apiUrl: sourcifyUrl } }),
  },
});
