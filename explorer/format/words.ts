import { REASON } from "../../coordinator/protocol/round/messages.ts";

/** Why a miner voted no. */
export function reasonInWords(reason: number, index?: bigint): string {
  const at = index === undefined ? "" : ` ${index}`;
  switch (reason) {
    case REASON.none:
      return "";
    case REASON.coordinate:
      return `coordinate${at} of the model is wrong`;
    case REASON.reference:
      return `reference${at} to an update is wrong`;
    case REASON.withheld:
      return index === undefined
        ? "part of an update was withheld"
        : `chunk ${index & 0xffffffffn} of update ${index >> 32n} was withheld`;
    case REASON.score:
      return "the validation score is wrong";
    case REASON.payouts:
      return "the payouts are wrong";
    default:
      return `reason ${reason}`;
  }
}

const FAULTS = [
  "counted",
  "out of order or submitted twice",
  "no such seat in this round",
  "no such candidate in this round",
  "confidence out of range: a yes needs the minimum, a no exactly 100 %",
  "reason out of range: a yes has none, a no has one of five",
  "not signed by the seat’s key",
  "the seat’s vote on this candidate was on chain already",
];

/** Why a submitted vote did not count. */
export function faultInWords(fault: number): string {
  return FAULTS[fault] ?? `fault ${fault}`;
}

const REVERTS: Readonly<Record<string, string>> = {
  RoundNotOpen: "This round is not open.",
  RoundAlreadyOpen: "A round is open already.",
  RoundTooSoon: "The interval between two openings is not over.",
  NotEnoughMiners: "Too few miners are active to open a round.",
  PotTooSmall: "The pot does not hold a round’s budget beyond what is promised.",
  CollectNotOver: "The collect phase was not over for this number of updates.",
  NotProposer: "The signature is not by the proposer of that rank, or it signed another base or opening.",
  AlreadySigned: "This proposer has already signed a candidate of the round.",
  SlotNotOpen: "It was not this rank’s turn.",
  VotingClosed: "The time to vote was over.",
  Undecided: "No candidate was agreed yet, or a better one might still be.",
  TooEarlyToFail: "The round may not be failed yet.",
  WrongContent: "The content given is not the winner’s.",
  InvalidVote: "The vote is not valid.",
  Error: "The contract gave a message.",
  Panic: "The contract stopped at an internal check.",
  ERC20InsufficientBalance: "The account holds too few tokens.",
  ERC20InsufficientAllowance: "The account allowed too few tokens to be taken.",
};

/** A custom error in a sentence, where one is known. */
export function revertInWords(name: string): string | null {
  return REVERTS[name] ?? null;
}
