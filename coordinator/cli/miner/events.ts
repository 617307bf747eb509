import type { MinerEvent } from "../../node/types.ts";
import { formatTime, shorten } from "../text.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What an event says to a person, after "round N: ". */
const TEXTS: Readonly<Record<MinerEvent["kind"], (fields: Fields) => string>> = {
  round: ({ status }) => (status === "open" ? "opened" : String(status)),
  update: ({ client, modelRoot }) => `update ${short(modelRoot)} of client ${short(client)} accepted`,
  frozen: ({ updates, height }) => `${updates} updates frozen by the committee at height ${height}`,
  manifest: ({ updates }) => `manifest of ${updates} updates signed`,
  candidate: ({ candidate, role }) => `candidate ${short(candidate)} signed as ${role}`,
  posted: ({ candidate, signatures }) => `candidate ${short(candidate)} posted with ${signatures} signatures`,
  vote: ({ miner, candidate, support, confidence, reason }) =>
    `miner ${short(miner)} votes ${support ? `yes, confidence ${confidence}` : `no, reason ${reason}`} on ${short(candidate)}`,
  settled: ({ transaction, gas }) => `settled in ${short(transaction)} (${gas} gas)`,
  failed: ({ transaction }) => `failed in ${short(transaction)}`,
  answered: ({ request, transaction }) => `request ${short(request)} answered in ${short(transaction)}`,
  paused: ({ since, until }) =>
    `the federation is paused since ${formatTime(Number(since))}; anyone may end that from ${formatTime(Number(until))} on`,
  resumed: ({ seconds }) =>
    `the federation goes on after ${seconds} s; all that was not over is later by them`,
  error: ({ code, message }) => `error ${code ?? ""} ${message ?? ""}`.trim(),
};

/** An event of a miner's node as a line of text. */
export function describeEvent({ kind, round, ...fields }: MinerEvent): string {
  return `round ${round}: ${TEXTS[kind](fields)}`;
}

function short(value: unknown): string {
  return shorten(String(value));
}
