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
import {
  contradict,
  type SignedOnce,
  slotOfOnce,
} from "../../../coordinator/protocol/faults/contradiction.ts";
import { messageFromJson } from "../../../coordinator/protocol/round/message-json.ts";
import {
  type Domain,
  messageDigest,
  type Reason,
  type Vote,
} from "../../../coordinator/protocol/round/messages.ts";
import { referenceOf, updatesHash } from "../../../coordinator/protocol/round/references.ts";
import type { FederationView, RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import type { Exchange } from "./wire-tap.ts";

interface Seen {
  readonly signed: SignedOnce;
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

  const add = (from: string, signed: SignedOnce) => {
    const { kind, message, signature } = signed;
    const signer = recoverer.recover(domain, kind, message, signature)?.toLowerCase();
    if (!signer || !keys.has(signer)) return;
    const slot = `${signer} ${slotOfOnce(signed)}`;
    const seen = slots.get(slot) ?? [];
    slots.set(slot, seen);
    const digest = (one: SignedOnce) => messageDigest(domain, one.kind, one.message);
    const known = seen.find((other) => digest(other.signed) === digest(signed));
    if (known) known.from.add(from);
    else seen.push({ signed, from: new Set([from]) });
  };

  return {
    wire({ method, path, request, response }) {
      const [, round, what] = path.match(/^\/v1\/rounds\/(\d+)\/(\w+)$/) ?? [];
      if (!round) return;
      // Refusals and torn answers hold no signature.
      for (const read of readersOf(BigInt(round), `${method} ${what}`, { request, response }))
        try {
          read((signed) => add("wire", signed));
        } catch {}
    },
    journal(entries) {
      for (const { kind, message, signature } of entries)
        if (kind === "Manifest" || kind === "Candidate" || kind === "Vote")
          add("journal", { kind, message: messageFromJson(kind, message), signature } as SignedOnce);
    },
    async chain(history, view) {
      for (const record of view.rounds.values()) {
        for (const { candidate, signers } of record.candidates)
          for (const { signature } of signers)
            add("chain", { kind: "Candidate", message: candidate, signature });
        for (const signed of await votesOf(history, record)) add("chain", { kind: "Vote", ...signed });
      }
    },
    doubles: () => [...slots].filter(([, seen]) => contradictsItself(seen)).map(([slot]) => slot),
    counts() {
      const counts: Record<string, number> = {};
      for (const { from } of [...slots.values()].flat())
        for (const source of from) counts[source] = (counts[source] ?? 0) + 1;
      return counts;
    },
  };
}

type Take = (signed: SignedOnce) => void;

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
        take({ kind: "Candidate", message, signature });
      },
    ];
  if (route === "POST votes")
    return [
      (take) => {
        const { vote: message, signature } = decodeText(voteMessage, request, "vote");
        take({ kind: "Vote", message, signature });
      },
    ];
  if (route === "GET votes")
    return [
      (take) => {
        for (const { vote: message, signature } of decodeText(voteList, response, "votes").votes)
          take({ kind: "Vote", message, signature });
      },
    ];
  if (route !== "POST manifest") return [];
  return [
    (take) => {
      const { updates, signature } = decodeText(updatesMessage, response, "manifest");
      const { openingHash } = updates[0]!.update;
      const message = { round, openingHash, updatesHash: updatesHash(updates.map(referenceOf)) };
      take({ kind: "Manifest", message, signature });
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

function contradictsItself(seen: readonly Seen[]): boolean {
  return seen.some((one, i) => seen.slice(i + 1).some((other) => contradict(one.signed, other.signed)));
}
