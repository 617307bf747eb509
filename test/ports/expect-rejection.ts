import { expect } from "chai";
import { QuorateError } from "../../coordinator/protocol/errors.ts";

/** Expects a promise to be rejected with a QuorateError of this code; resolves with the error. */
export async function expectRejection(code: string, promise: Promise<unknown>): Promise<QuorateError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome, `expected ${code}`).to.be.instanceOf(QuorateError);
  expect((outcome as QuorateError).code).to.equal(code);
  return outcome as QuorateError;
}
