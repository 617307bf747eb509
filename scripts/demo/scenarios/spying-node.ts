import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Transaction } from "ethers";

/** A node that passes everything on to another one, and lets somebody look at each transaction before. */
export interface SpyingNode {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens on loopback.
 * @param target the node it passes requests on to
 * @param look called with one transaction after the other; each is held back until it resolves
 */
export async function openSpyingNode(
  target: string,
  look: (transaction: Transaction) => Promise<void>,
): Promise<SpyingNode> {
  let queue: Promise<unknown> = Promise.resolve();
  const server = createServer(async (request, response) => {
    const body = await read(request);
    const forward = () => passOn(target, body, response);
    const sent = rawTransactions(body);
    if (sent.length === 0) return forward();
    const passed = queue.then(async () => {
      for (const raw of sent) await look(Transaction.from(raw));
      await forward();
    });
    // One that fails is its sender's alone.
    queue = passed.catch(() => void response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      // What is being looked at still asks the chain.
      await queue;
      server.closeAllConnections();
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function rawTransactions(body: string): string[] {
  const calls: { method: string; params: string[] }[] = [JSON.parse(body)].flat();
  return calls.flatMap(({ method, params }) =>
    method === "eth_sendRawTransaction" ? params.slice(0, 1) : [],
  );
}

/** What the node can't be asked looks like a node that is away. */
async function passOn(target: string, body: string, response: ServerResponse): Promise<void> {
  const headers = { "content-type": "application/json" };
  try {
    const answer = await fetch(target, { method: "POST", headers, body });
    response.writeHead(answer.status, headers).end(await answer.text());
  } catch {
    response.destroy();
  }
}
