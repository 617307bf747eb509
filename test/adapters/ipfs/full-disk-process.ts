// Adds files to a store: a small one, one that is larger than the system lets a file grow, and a small one again. Prints
// "stored" or the code of the error, one line each.
import { createHeliaStore } from "../../../coordinator/adapters/ipfs/helia-store.ts";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";

const store = await createHeliaStore({ folder: process.argv[2]!, networking: false });
for (const bytes of [1_000, 500_000, 2_000]) {
  const outcome = await store.add(new Uint8Array(bytes)).then(
    () => "stored",
    (error) => (error instanceof QuorateError ? error.code : String(error)),
  );
  console.log(outcome);
}
await store.stop();
