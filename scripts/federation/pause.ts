import { formatTime } from "../../coordinator/cli/text.ts";
import { contractAt, type Funder, send } from "./accounts.ts";

/** Holds the federation, or ends a pause, and says what holds then. */
export async function pauseFederation(funder: Funder, ends: boolean): Promise<void> {
  const consensus = await contractAt(funder, "RoundConsensus", funder.signer);
  await send(funder, consensus, ends ? "resume" : "pause");
  const { until, pausedTime } = await consensus.pauseInfo!();
  funder.log(
    ends
      ? `resumed   what was not over is later by the pause; all pauses took ${pausedTime} s so far`
      : `paused    anyone may end it from ${formatTime(Number(until))} on`,
  );
}
