import { sha256 } from "@noble/hashes/sha2.js";
import { compareHex, fromHex, type Hex, toHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { Writer } from "../praft/codec.ts";
import { areRising, type Cast, type Kind, MAX_SUBJECTS, readAll, writePairs } from "./kind.ts";
import { FULL } from "./operations.ts";
import { type Standing, standingOf } from "./scoring.ts";

/** What is chosen from, in rising order. */
interface Choices {
  readonly subjects: readonly Hex[];
}

/** @throws QuorateError DECISION_SUBJECTS */
export function encodeChoices(subjects: readonly Hex[]): Uint8Array {
  const sorted = subjects.toSorted(compareHex);
  checkSubjects(sorted);
  const writer = new Writer().u32(sorted.length);
  for (const subject of sorted) writer.hash(subject);
  return writer.done();
}

/** Which of several: the subject with most support. Outcome: that subject and its score. */
export const select: Kind<Choices> = {
  ...choosing("select"),
  decide: (choices, cast) => outcome(order(choices, cast).slice(0, 1)),
};

/** In which order: all subjects with a quorum of ballots, most support first. Outcome: subjects and their scores. */
export const rank: Kind<Choices> = {
  ...choosing("rank"),
  decide: (choices, cast) => outcome(order(choices, cast)),
};

function choosing(name: string): Omit<Kind<Choices>, "decide"> {
  return {
    name,
    read: (parameters) => {
      const subjects = readAll(parameters, (reader) =>
        Array.from({ length: reader.count("subjects", MAX_SUBJECTS) }, () => reader.hash()),
      );
      checkSubjects(subjects);
      return { subjects };
    },
    accepts: ({ subjects }, subject, score) => score <= FULL && subjects.includes(subject),
  };
}

function order({ subjects }: Choices, { committee, task, bySubject }: Cast): Standing[] {
  return subjects
    .map((subject) => standingOf(committee, subject, bySubject.get(subject) ?? [], FULL))
    .filter((standing) => standing !== undefined)
    .sort((a, b) => b.support - a.support || compareHex(tieHash(task, a.subject), tieHash(task, b.subject)));
}

/** Which of two equals comes first: nobody can know before the task's name is fixed. */
export function tieHash(task: Hex, subject: Hex): Hex {
  return toHex(sha256(new Writer().raw(fromHex(task)).raw(fromHex(subject)).done()));
}

function outcome(standings: readonly Standing[]): Uint8Array | undefined {
  if (standings.length === 0) return undefined;
  return writePairs(standings.map(({ subject, score }) => [subject, score]));
}

function checkSubjects(subjects: readonly Hex[]): void {
  if (subjects.length > 0 && subjects.length <= MAX_SUBJECTS && areRising(subjects)) return;
  throw new QuorateError(
    "DECISION_SUBJECTS",
    `a task names 1 to ${MAX_SUBJECTS} different subjects in rising order, not ${subjects.length} like these`,
    { subjects: subjects.slice(0, 8) },
  );
}
