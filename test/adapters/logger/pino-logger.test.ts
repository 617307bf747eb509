import { expect } from "chai";
import { createPinoLogger } from "../../../coordinator/adapters/logger/pino-logger.ts";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";

describe("the pino logger", () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  beforeEach(() => void lines.splice(0));
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1)!);

  it("writes JSON lines with the name, the fields and the message", () => {
    const logger = createPinoLogger({ name: "miner", stream });
    logger.info({ round: 2n ** 64n, miner: "0xaa" }, "opened");
    expect(last()).to.include({ name: "miner", round: "18446744073709551616", miner: "0xaa", msg: "opened" });
  });

  it("writes from its level on", () => {
    const logger = createPinoLogger({ level: "warn", stream });
    logger.debug({}, "a");
    logger.info({}, "b");
    expect(lines).to.deep.equal([]);
    logger.warn({}, "c");
    logger.error({}, "d");
    expect(lines).to.have.length(2);
  });

  it("hides what could be a secret", () => {
    const logger = createPinoLogger({ stream });
    logger.info({ password: "hunter2", wallet: { privateKey: "0x4242", address: "0xaa" } }, "loaded");
    expect(lines.join("")).not.to.match(/hunter2|0x4242/);
    expect(last().wallet).to.deep.equal({ privateKey: "[secret]", address: "0xaa" });
  });

  it("writes errors with their code and stack, without their details", () => {
    const logger = createPinoLogger({ stream });
    logger.error({ error: new QuorateError("NOT_YET", "later", { body: "large", weight: 1n }) }, "failed");
    expect(last().error).to.include({ code: "NOT_YET", message: "later" });
    expect(lines.join("")).not.to.contain("large");
  });
});
