// Who may import whom. docs/decisions and the table in docs/protocol.md give the reasons; test/house plants breaches.
const local = "^(?!node_modules)";
const npm = ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-bundled", "npm-no-pkg", "npm-unknown"];
const packages = (names) => `^node_modules/(${names})(/|$)`;

/** Within the project, files under `from` may import only files under `to`. */
const onlyFiles = (name, from, to, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: local, pathNot: to, dependencyTypesNot: [...npm, "core"], couldNotResolve: false },
});

/** From npm, files under `from` may import only `names`, an alternation of package names (none if omitted). */
const onlyPackages = (name, from, names, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { dependencyTypes: npm, ...(names ? { pathNot: packages(names) } : {}) },
});

module.exports = {
  forbidden: [
    onlyFiles("protocol-files", "^coordinator/protocol/", "^coordinator/protocol/", "The protocol is pure."),
    onlyPackages(
      "protocol-packages",
      "^coordinator/protocol/",
      "@noble/hashes|@openzeppelin/merkle-tree|multiformats",
      "The protocol uses pure packages only.",
    ),
    {
      name: "protocol-core",
      comment: "No Node module in the protocol, except to load the WASM kernels.",
      severity: "error",
      from: { path: "^coordinator/protocol/", pathNot: "^coordinator/protocol/learning/load\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    onlyFiles(
      "ports-files",
      "^coordinator/ports/",
      "^coordinator/(ports|protocol)/",
      "Ports are interfaces.",
    ),
    {
      name: "ports-types",
      comment: "Ports take types, never values, from the protocol.",
      severity: "error",
      from: { path: "^coordinator/ports/" },
      to: { path: "^coordinator/protocol/", dependencyTypesNot: ["type-only"] },
    },
    onlyPackages("ports-packages", "^coordinator/ports/", "", "Ports know no package."),
    {
      name: "ports-core",
      comment: "Ports know no Node module.",
      severity: "error",
      from: { path: "^coordinator/ports/" },
      to: { dependencyTypes: ["core"] },
    },
    onlyFiles(
      "adapters-files",
      "^coordinator/adapters/",
      "^(coordinator/(adapters|ports|protocol)|types|artifacts)/",
      "Adapters implement ports.",
    ),
    {
      name: "adapters-apart",
      comment: "One adapter never imports another; they meet in the command line.",
      severity: "error",
      from: { path: "^coordinator/adapters/([^/.]+)" },
      to: { path: "^coordinator/adapters/", pathNot: "^coordinator/adapters/$1[/.]" },
    },
    ...["node", "client", "audit", "watch"].flatMap((part) => [
      onlyFiles(
        `${part}-files`,
        `^coordinator/${part}/`,
        `^coordinator/(${part}|ports|protocol)/`,
        "The parts that act reach the outside through ports, and never each other.",
      ),
      onlyPackages(`${part}-packages`, `^coordinator/${part}/`, "", "Outside libraries stay behind ports."),
    ]),
    onlyFiles(
      "cli-files",
      "^coordinator/cli/",
      "^(coordinator|types|artifacts)/",
      "The command line composes.",
    ),
    onlyPackages(
      "cli-packages",
      "^coordinator/cli/",
      "commander|cli-progress|cli-table3|ethers",
      "The command line adds an argument parser, progress display and keys.",
    ),
    onlyFiles(
      "explorer-files",
      "^explorer/",
      "^(explorer|coordinator/protocol)/",
      "The explorer only reads.",
    ),
    onlyPackages(
      "explorer-packages",
      "^explorer/",
      "viem|preact|@preact/[^/]+|uplot",
      "The explorer's own packages.",
    ),
    {
      name: "explorer-core",
      comment: "The explorer runs in a browser.",
      severity: "error",
      from: { path: "^explorer/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "nobody-imports-scripts",
      comment: "Scripts, benchmarks and tests use the rest; the rest never uses them.",
      severity: "error",
      from: { pathNot: "^(scripts|bench|test)/" },
      to: { path: "^(scripts|bench|test)/" },
    },
    {
      name: "nobody-imports-tests",
      comment: "Tests are a dead end.",
      severity: "error",
      from: { pathNot: "^(test|bench)/" },
      to: { path: "^(bench|test)/" },
    },
    {
      name: "generated-types-are-types",
      comment: "TypeChain's output is compile-time only: Node can't load it.",
      severity: "error",
      from: { pathNot: "^types/" },
      to: { path: "^types/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "ethers-at-the-edge",
      comment: "ethers writes to the chain from adapters, the command line, scripts, benchmarks and tests.",
      severity: "error",
      from: { pathNot: "^(coordinator/(adapters|cli)|scripts|bench|test|types|hardhat\\.config\\.ts)" },
      to: { path: packages("ethers") },
    },
    {
      name: "viem-reads",
      comment: "viem is the explorer's, and the tests' second opinion.",
      severity: "error",
      from: { pathNot: "^(explorer|test)/" },
      to: { path: packages("viem") },
    },
    {
      name: "no-dev-packages",
      comment: "What runs in production is a dependency, not a devDependency.",
      severity: "error",
      from: { path: "^coordinator/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-cycles",
      comment: "Modules that need each other are one module.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      comment: "Every import leads somewhere.",
      severity: "error",
      from: { pathNot: "^types/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ["^node_modules", "^types", "^artifacts"] },
    // AssemblyScript is another language with the same file ending.
    exclude: { path: "/assembly/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
    },
  },
};
