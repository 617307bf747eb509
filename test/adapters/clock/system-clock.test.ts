import { expect } from "chai";
import { createSystemClock } from "../../../coordinator/adapters/clock/system-clock.ts";

describe("the system clock", () => {
  const clock = createSystemClock();

  it("tells the host's time and sleeps", async () => {
    const before = clock.now();
    expect(Math.abs(before - Date.now())).to.be.below(1_000);
    await clock.sleep(20);
    expect(clock.now() - before).to.be.within(15, 5_000);
  });

  it("wakes with the reason of its signal, before or during the sleep", async () => {
    const controller = new AbortController();
    const asleep = clock.sleep(60_000, controller.signal).catch((error: unknown) => error);
    const reason = new Error("time to go");
    controller.abort(reason);
    expect(await asleep).to.equal(reason);
    expect(await clock.sleep(60_000, controller.signal).catch((error: unknown) => error)).to.equal(reason);
  });
});
