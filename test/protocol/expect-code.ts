import { expect } from "chai";
import { QuorateError } from "../../coordinator/protocol/errors.ts";

/** Expects `action` to throw a QuorateError with this code; returns it. */
export function expectCode(code: string, action: () => unknown): QuorateError {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, `expected ${code}`).to.be.instanceOf(QuorateError);
  expect((thrown as QuorateError).code).to.equal(code);
  return thrown as QuorateError;
}
