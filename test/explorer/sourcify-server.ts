// A small server that speaks Sourcify's API v2 (https://docs.sourcify.dev/docs/api/) and really verifies: it compiles what it
// is sent and compares the result with the chain's code.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { JsonRpcProvider } from "ethers";

interface Solc {
  compile(input: string): string;
  version(): string;
}

interface Immutables {
  readonly [id: string]: readonly { readonly start: number; readonly length: number }[];
}

interface Submission {
  readonly stdJsonInput: { settings: { outputSelection: unknown } };
  /** `path:Name` */
  readonly contractIdentifier: string;
  readonly compilerVersion: string;
}

/** Outcome of one job by its id. */
type Match = "exact_match" | null;

export interface SourcifyServer {
  readonly url: string;
  /** Addresses whose code is what the submitted sources compile to. */
  readonly verified: ReadonlySet<string>;
  stop(): Promise<void>;
}

export async function startSourcify(provider: JsonRpcProvider): Promise<SourcifyServer> {
  const verified = new Set<string>();
  const jobs: Match[] = [];
  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request).catch((error) => [500, failure(`${error}`)] as const);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });

  async function answer(request: IncomingMessage): Promise<readonly [number, object]> {
    const [, , kind, place, address] = request.url!.split("/");
    if (request.method === "POST" && kind === "verify") {
      const submission = JSON.parse(await bodyOf(request)) as Submission;
      const same =
        compiled(submission) === masked(await provider.getCode(address!), immutablesOf(submission));
      if (same) verified.add(address!.toLowerCase());
      return [202, { verificationId: String(jobs.push(same ? "exact_match" : null) - 1) }];
    }
    if (kind === "verify") return [200, job(place!, jobs[Number(place)] ?? null)];
    const match = verified.has(address!.toLowerCase()) ? "exact_match" : null;
    const lookup = { match, creationMatch: null, runtimeMatch: match, chainId: place, address };
    return [match ? 200 : 404, lookup];
  }

  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, verified, stop: () => stopped(server) };
}

function job(verificationId: string, match: Match): object {
  const error = match ? {} : { error: failure("the sources compile to other code") };
  return { isJobCompleted: true, verificationId, jobStartTime: "", contract: { match }, ...error };
}

function failure(message: string): object {
  return { customCode: "no_match", message, errorId: "1" };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

/** Runtime code with its immutables set to zero, as the compiler writes it. */
function compiled(submission: Submission): string {
  return `0x${outputOf(submission).object}`;
}

function immutablesOf(submission: Submission): Immutables {
  return outputOf(submission).immutableReferences;
}

const compilations = new WeakMap<Submission, { object: string; immutableReferences: Immutables }>();

function outputOf(submission: Submission): { object: string; immutableReferences: Immutables } {
  const known = compilations.get(submission);
  if (known) return known;
  const solc = createRequire(import.meta.url)("solc") as Solc;
  if (!submission.compilerVersion.replace(/^v/, "").startsWith(solc.version().split(".Emscripten")[0]!))
    throw new Error(`compiler ${solc.version()} is not ${submission.compilerVersion}`);
  const [path, name] = submission.contractIdentifier.split(/:(?=[^:]*$)/) as [string, string];
  const input = structuredClone(submission.stdJsonInput);
  input.settings.outputSelection = { [path]: { [name]: ["evm.deployedBytecode"] } };
  const { contracts, errors } = JSON.parse(solc.compile(JSON.stringify(input)));
  const output = contracts?.[path]?.[name]?.evm.deployedBytecode;
  if (!output) throw new Error(JSON.stringify(errors));
  compilations.set(submission, output);
  return output;
}

function masked(code: string, immutables: Immutables): string {
  const bytes = Buffer.from(code.slice(2), "hex");
  for (const { start, length } of Object.values(immutables).flat()) bytes.fill(0, start, start + length);
  return `0x${bytes.toString("hex")}`;
}

function stopped(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
