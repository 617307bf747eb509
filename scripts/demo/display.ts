import cliProgress from "cli-progress";

/** Shows what the demo does: bars on a terminal, plain lines elsewhere. Everything goes to standard error. */
export interface Display {
  /** A line of text above the bars. */
  line(text: string): void;
  /** Where the current round is: `fraction` of it is done. */
  round(round: number, phase: string, fraction: number): void;
  /** Training progress of a client. */
  training(client: string, done: number, total: number): void;
  /** Removes the bars. */
  stop(): void;
}

const FORMAT = "{label} [{bar}] {percentage}% {note}";
const LABEL_WIDTH = 10;
const BAR_WIDTH = 30;
/** Parts a bar is counted in. */
const STEPS = 100;

/** @param rounds how many rounds will run */
export function createDisplay(options: { rounds: number; interactive: boolean; quiet: boolean }): Display {
  if (options.quiet) return { line: () => {}, round: () => {}, training: () => {}, stop: () => {} };
  return options.interactive ? createBars(options.rounds) : createLines(options.rounds);
}

function createBars(rounds: number): Display {
  const bars = new cliProgress.MultiBar(
    {
      format: FORMAT,
      barsize: BAR_WIDTH,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
      emptyOnZero: true,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  const shown = new Map<string, cliProgress.SingleBar>();
  const show = (key: string, fraction: number, note: string) => {
    let bar = shown.get(key);
    if (!bar) {
      bar = bars.create(STEPS, 0, { label: key.padEnd(LABEL_WIDTH), note });
      shown.set(key, bar);
    }
    bar.update(Math.round(fraction * STEPS), { note });
  };
  return {
    line(text) {
      // Without bars MultiBar prints nothing at all.
      if (shown.size === 0) process.stderr.write(`${text}\n`);
      else bars.log(`${text}\n`);
    },
    round(round, phase, fraction) {
      show("rounds", (round - 1 + fraction) / rounds, `${round}/${rounds}`);
      show(`round ${round}`.slice(0, LABEL_WIDTH), fraction, phase);
      const before = shown.get(`round ${round - 1}`);
      if (before) {
        bars.remove(before);
        shown.delete(`round ${round - 1}`);
      }
    },
    training: (client, done, total) => show(client, total === 0 ? 0 : done / total, "training"),
    stop: () => bars.stop(),
  };
}

function createLines(rounds: number): Display {
  let last = "";
  const print = (text: string) => {
    if (text === last) return;
    last = text;
    process.stderr.write(`${text}\n`);
  };
  return {
    line: print,
    round: (round, phase) => print(`round ${round}/${rounds}: ${phase}`),
    training: () => {},
    stop: () => {},
  };
}
