import {
  candidateMessage,
  decodeText,
  updatesMessage,
  voteList,
  voteMessage,
} from "../../../coordinator/adapters/http/codec.ts";
import { createRecoverer } from "../../../coordinator/adapters/keys/recover.ts";
import type { ChainHistory } from "../../../coordinator/ports/chain-history.ts";
import type { SignedEntry } from "../../../coordinator/ports/journal.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { messageFromJson } from "../../../coordinator/protocol/round/message-json.ts";
import {
  type Domain,
  type Messages,
  messageDigest,
  REASON,
  type Reason,
  type Vote,
} from "../../../coordinator/protocol/round/messages.ts";
import { referenceOf, updatesHash } from "../../../coordinator/protocol/round/references.ts";
import type { FederationView, RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import type { Exchange } from "./wire-tap.ts";

/** Messages of which a key may sign one a slot. */
type Once = "Manifest" | "Candidate" | "Vote";

interface Seen {
  readonly digest: Hex;
  readonly message: Messages[Once];
  readonly from: Set<string>;
}

/** Every signature of a miner that was seen anywhere, by what it may sign once. Signatures of nobody don't count. */
export interface SignatureBook {
  wire(exchange: Exchange): void;
  journal(entries: readonly SignedEntry[]): void;
  chain(history: Pick<ChainHistory, "submittedVotes">, view: FederationView): Promise<void>;
  /** Slots in which one key signed two messages that contradict each other. */
  doubles(): readonly string[];
  /** Signed messages by where they were seen. */
  counts(): Readonly<Record<string, number>>;
}

/** @param keys voting keys, lower case */
export function createSignatureBook(domain: Domain, keys: ReadonlySet<string>): SignatureBook {
  const slots = new Map<string, Seen[]>();
  const recoverer = createRecoverer();

  const add = <K extends Once>(from: string, kind: K, signed: { message: Messages[K]; signature: Hex }) => {
    const { message, signature } = signed;
    const signer = recoverer.recover(domain, kind, message, signature)?.toLowerCase();
    if (!signer || !keys.has(signer)) return;
    const { round, openingHash } = message;
    const about = kind === "Vote" ? (message as Vote).candidate : "";
    const slot = `${signer} ${round} ${openingHash} ${kind} ${about}`;
    const seen = slots.get(slot) ?? [];
    slots.set(slot, seen);
    const digest = messageDigest(domain, kind, message);
    const known = seen.find((other) => other.digest === digest);
    if (known) known.from.add(from);
    else seen.push({ digest, message, from: new Set([from]) });
  };

  return {
    wire({ method, path, request, response }) {
      const [, round, what] = path.match(/^\/v1\/rounds\/(\d+)\/(\w+)$/) ?? [];
      if (!round) return;
      // Refusals and torn answers hold no signature.
      for (const read of readersOf(BigInt(round), `${method} ${what}`, { request, response }))
        try {
          read((kind, signed) => add("wire", kind, signed));
        } catch {}
    },
    journal(entries) {
      for (const { kind, message, signature } of entries)
        if (kind === "Manifest" || kind === "Candidate" || kind === "Vote")
          add("journal", kind, { message: messageFromJson(kind, message), signature });
    },
    async chain(history, view) {
      for (const record of view.rounds.values()) {
        for (const { candidate, signers } of record.candidates)
          for (const { signature } of signers) add("chain", "Candidate", { message: candidate, signature });
        for (const signed of await votesOf(history, record)) add("chain", "Vote", signed);
      }
    },
    doubles: () => [...slots].filter(([, seen]) => contradict(seen)).map(([slot]) => slot),
    counts() {
      const counts: Record<string, number> = {};
      for (const { from } of [...slots.values()].flat())
        for (const source of from) counts[source] = (counts[source] ?? 0) + 1;
      return counts;
    },
  };
}

type Take = <K extends Once>(kind: K, signed: { message: Messages[K]; signature: Hex }) => void;

/** How to find the signatures in what passed on a route. */
function readersOf(
  round: bigint,
  route: string,
  { request, response }: Pick<Exchange, "request" | "response">,
): ((take: Take) => void)[] {
  if (route === "POST candidates")
    return [
      (take) => {
        const { candidate: message, signature } = decodeText(candidateMessage, request, "candidate");
        take("Candidate", { message, signature });
      },
    ];
  if (route === "POST votes")
    return [
      (take) => {
        const { vote: message, signature } = decodeText(voteMessage, request, "vote");
        take("Vote", { message, signature });
      },
    ];
  if (route === "GET votes")
    return [
      (take) => {
        for (const { vote: message, signature } of decodeText(voteList, response, "votes").votes)
          take("Vote", { message, signature });
      },
    ];
  if (route !== "POST manifest") return [];
  return [
    (take) => {
      const { updates, signature } = decodeText(updatesMessage, response, "manifest");
      const { openingHash } = updates[0]!.update;
      const message = { round, openingHash, updatesHash: updatesHash(updates.map(referenceOf)) };
      take("Manifest", { message, signature });
    },
  ];
}

/** The votes in the call data of a round's transactions. */
async function votesOf(history: Pick<ChainHistory, "submittedVotes">, record: RoundRecord) {
  const { castVotes, lateVotes, ended, countedVotes, round, openingHash } = record;
  const settled = ended && countedVotes.length > castVotes.length ? [ended.transaction] : [];
  const transactions = new Set([
    ...[...castVotes, ...lateVotes].map(({ cast }) => cast.transaction),
    ...settled,
  ]);
  const votes: { message: Vote; signature: Hex }[] = [];
  for (const transaction of transactions)
    for (const vote of await history.submittedVotes(transaction)) {
      const { support, confidence, reason, reasonIndex, signature, candidateIndex } = vote;
      const candidate = record.candidates[candidateIndex]?.id;
      if (!candidate) continue;
      const said = { support, confidence, reason: reason as Reason, reasonIndex };
      votes.push({ message: { round, openingHash, candidate, ...said }, signature });
    }
  return votes;
}

/** Two messages in a slot contradict each other, but for a no about withheld data that its author replaced by a yes. */
function contradict(seen: readonly Seen[]): boolean {
  if (seen.length < 2) return false;
  if (seen.length > 2) return true;
  const [a, b] = seen.map(({ message }) => message as Partial<Vote>);
  const replaces = (no: Partial<Vote>, yes: Partial<Vote>) =>
    no.support === false && no.reason === REASON.withheld && yes.support === true;
  return !replaces(a!, b!) && !replaces(b!, a!);
}
