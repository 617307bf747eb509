// Makes a fresh or outdated checkout ready: installs what the lock file asks for, then builds what is generated.
// Plain JavaScript without dependencies, because it is what runs first, under whatever Node the machine has (≥ 20.10).
//
//   node scripts/setup.mjs                  install if needed, then build
//   node scripts/setup.mjs --after-install  npm's postinstall hook: never installs, only builds
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = realpathSync(join(dirname(fileURLToPath(import.meta.url)), ".."));
const modules = join(root, "node_modules");
const windows = process.platform === "win32";

/** Hardhat refuses to run below this version, and npm below it silently drops Hardhat's native package. */
const MINIMUM_NODE = [22, 13];

function say(text) {
  console.log(`quorate setup: ${text}`);
}

function fail(what, remedy) {
  console.error(`quorate setup: ${what}\n  ${remedy}`);
  process.exit(1);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** The Node 24 that the lock file pins, as installed in the project. */
function projectNode() {
  return join(modules, "node", "bin", windows ? "node.exe" : "node");
}

/** What keeps the install from being usable, as one sentence; undefined if nothing does. */
function installProblem() {
  if (!existsSync(modules)) return "nothing is installed yet";
  if (!existsSync(projectNode())) return "the project's own Node is missing";
  const edr = join(modules, "@nomicfoundation", "edr", "package.json");
  if (!existsSync(edr)) return "Hardhat is missing";
  const native = nativePackages(edr);
  if (!native.some((name) => existsSync(join(modules, name, "package.json")))) {
    return `Hardhat's native package (${native.join(" or ")}) is missing; npm drops it under Node below ${MINIMUM_NODE.join(".")}`;
  }
  return matchesLockFile() ? undefined : "what is installed is not what package-lock.json asks for";
}

/** The packages of which one carries Hardhat's simulator for this machine (two on Linux: glibc and musl). */
function nativePackages(edrManifest) {
  const prefix = `@nomicfoundation/edr-${process.platform}-${process.arch}`;
  const names = Object.keys(readJson(edrManifest).optionalDependencies ?? {});
  const fitting = names.filter((name) => name.startsWith(prefix));
  if (fitting.length === 0) {
    fail(
      `Hardhat has no build for ${process.platform} ${process.arch}.`,
      "Use Linux, macOS or Windows on x64 or arm64.",
    );
  }
  return fitting;
}

/** Whether node_modules holds what the lock file asks for, by npm's own record of what it put there. */
function matchesLockFile() {
  const record = join(modules, ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = readJson(record).packages;
  const wanted = readJson(join(root, "package-lock.json")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    return installed[path] ? installed[path].version === entry.version : entry.optional === true;
  });
}

/** True if this Node can run the install itself: recent enough, and not the copy the install is about to replace. */
function canInstallItself() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const recent = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  return recent && relative(modules, realpathSync(process.execPath)).startsWith(`..${sep}`);
}

function install() {
  const pinned = readJson(join(root, "package.json")).devDependencies.node;
  const command = canInstallItself()
    ? ["ci"]
    : ["exec", "--yes", `--package=node@${pinned}`, "--", "npm", "ci"];
  say(`running npm ${command.join(" ")} (about 1 GB on disk; half a minute to a few minutes)`);
  const run = spawnSync("npm", command, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: windows,
    // The postinstall hook would build what this script builds next.
    env: { ...process.env, QUORATE_SETUP: "1" },
  });
  if (run.error)
    fail(`npm could not be started: ${run.error.message}`, "Install npm 10 or newer and try again.");
  if (run.status !== 0) {
    fail(
      `the install failed (npm exit code ${run.status ?? run.signal}).`,
      "npm's message above says why; check the network and the free disk space, then run the same command again.",
    );
  }
  const problem = installProblem();
  if (problem)
    fail(`the install finished, but ${problem}.`, "Delete node_modules and run `npm run setup` again.");
}

function build() {
  const run = spawnSync(projectNode(), [join(root, "scripts", "build.ts")], { cwd: root, stdio: "inherit" });
  if (run.error)
    fail(
      `the project's Node could not be started: ${run.error.message}`,
      "Delete node_modules and run `npm run setup` again.",
    );
  if (run.status !== 0)
    fail("the build failed.", "Its message is above; `npm run build` repeats only this step.");
}

function afterInstall() {
  // `npx quorate` links the checkout into npm's cache and runs this hook there too; setup itself builds afterwards.
  if (process.env.npm_command === "exec" || process.env.QUORATE_SETUP) return;
  const problem = installProblem();
  if (problem) {
    say(`not ready yet: ${problem}. Run \`npm run setup\`, which installs under the right Node.`);
    return;
  }
  build();
}

function main() {
  if (process.argv.includes("--after-install")) return afterInstall();
  const started = Date.now();
  const problem = installProblem();
  if (problem) {
    say(problem);
    install();
  }
  build();
  if (problem) say(`ready after ${Math.round((Date.now() - started) / 1000)} s`);
}

main();
