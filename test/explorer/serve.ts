import { join } from "node:path";
import { type ContractBook, readContractBook } from "../../coordinator/adapters/explorer/contract-book.ts";
import { createFileLookup } from "../../coordinator/adapters/explorer/file-lookup.ts";
import { createExplorerServer, type ExplorerServer } from "../../coordinator/adapters/explorer/server.ts";
import type { Content } from "../../coordinator/ports/content.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";

const ROOT = join(import.meta.dirname, "../..");
let book: ContractBook | undefined;

/** An explorer's server of a federation, as `quorate explorer` starts it. */
export function serve(options: {
  readonly rpcUrl: string;
  readonly consensus: Hex;
  readonly chainId?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly content?: Content;
  readonly port?: number;
}): Promise<ExplorerServer> {
  book ??= readContractBook(join(ROOT, "artifacts"));
  const { rpcUrl, consensus, chainId = null, labels = {}, content, port = 0 } = options;
  return createExplorerServer({
    rpcUrl,
    port,
    folder: join(ROOT, "explorer/dist"),
    federation: {
      schemaVersion: 1,
      network: null,
      node: new URL(rpcUrl).host,
      content: content ? "the test" : null,
      consensus,
      chainId,
      genesisBlock: null,
      commit: null,
      deployer: null,
      deployments: {},
      labels,
      abis: book.abis,
    },
    book,
    files: createFileLookup(content && (async () => ({ content, close: async () => {} }))),
  });
}
