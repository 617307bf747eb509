import type { NetworkIdentity } from "../../adapters/peers/identity.ts";
import type { Address } from "../../adapters/peers/tls.ts";
import type { PeerTransport } from "../../ports/peer-transport.ts";
import type { CommitteeFile } from "./committee.ts";

/** Connections to the members of a committee, over the transport its file names; a client does not listen. */
export async function openTransport(
  { transport, addresses: peers }: CommitteeFile,
  own: { readonly identity: NetworkIdentity; readonly listen?: Address },
): Promise<PeerTransport> {
  if (transport === "tls") {
    const { TlsPeers } = await import("../../adapters/peers/tls.ts");
    return new TlsPeers({ ...own, peers });
  }
  const { Libp2pPeers } = await import("../../adapters/peers/libp2p.ts");
  return new Libp2pPeers({ ...own, peers });
}
