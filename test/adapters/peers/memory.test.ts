import { createMemoryNetwork } from "../../../coordinator/adapters/peers/memory.ts";
import { peerTransportSuite } from "../../ports/peer-transport.suite.ts";

peerTransportSuite("a network in memory", async () => {
  const join = createMemoryNetwork();
  return [join("aa"), join("bb")];
});
