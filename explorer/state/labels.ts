import type { FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import type { Federation } from "../chain/federation.ts";

/** Who stands behind an address. */
export interface Label {
  readonly name: string;
  readonly kind: "contract" | "miner" | "client" | "named";
}

let known: { federation: Federation; view: FederationView | null; labels: Map<string, Label> } | null = null;

/** Names of addresses, by lower-case address: the labels file's, the contracts', miners and clients in order. */
export function labelsOf(federation: Federation, view: FederationView | null): ReadonlyMap<string, Label> {
  if (known?.federation === federation && known.view === view) return known.labels;
  const labels = new Map<string, Label>();
  if (federation.deployer) labels.set(federation.deployer.toLowerCase(), { name: "deployer", kind: "named" });
  const clients = [...(view?.clients.values() ?? [])].filter(({ terms }) => terms.length > 0);
  for (const [i, { client }] of clients.entries())
    labels.set(client.toLowerCase(), { name: `client ${i + 1}`, kind: "client" });
  for (const [i, { miner, key }] of [...(view?.miners.values() ?? [])].entries()) {
    labels.set(key.toLowerCase(), { name: `miner ${i + 1}’s key`, kind: "miner" });
    labels.set(miner.toLowerCase(), { name: `miner ${i + 1}`, kind: "miner" });
  }
  for (const [name, address] of Object.entries(federation.addresses))
    labels.set(address.toLowerCase(), { name, kind: "contract" });
  for (const [address, name] of Object.entries(federation.labels))
    labels.set(address.toLowerCase(), { name: name.slice(0, 60), kind: "named" });
  known = { federation, view, labels };
  return labels;
}
