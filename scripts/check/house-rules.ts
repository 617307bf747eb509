// Rules of the house that no off-the-shelf linter has. Each rule looks at one tracked file and names the lines at fault.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { longFunctions } from "./function-length.ts";

export interface Breach {
  path: string;
  /** 1-based; 0 if the whole file is meant. */
  line: number;
  message: string;
}

interface LineRule {
  /** Which files the rule reads. */
  files: RegExp;
  pattern: RegExp;
  message: string;
  /** Whether comments count too; otherwise lines that are only a comment are passed over. */
  comments: boolean;
}

/** Longest file per kind, in lines. Beyond it a room is no longer one room. */
const SIZE_LIMITS: { files: RegExp; lines: number }[] = [
  { files: /^contracts\/libraries\/.*\.sol$/, lines: 120 },
  // An interface is the manual: mostly documentation.
  { files: /^contracts\/interfaces\/.*\.sol$/, lines: 600 },
  { files: /^contracts\/.*\.sol$/, lines: 400 },
  // A WASM module has no imports: everything one kernel needs is in it.
  { files: /\/assembly\/.*\.ts$/, lines: 400 },
  { files: /^(coordinator|explorer|scripts|bench|test)\/.*\.tsx?$/, lines: 250 },
];

const LINE_RULES: LineRule[] = [
  {
    files: /^(?!package-lock\.json$)/,
    pattern: /(^|[^\w.:/])\/(work|root|home|Users|farm|tmp)\//,
    message: "a path of one machine",
    comments: true,
  },
  {
    files: /^(test|coordinator|explorer)\/.*\.ts$/,
    pattern: /\b(describe|it|context|specify)\.(only|skip)\(|^\s*(xit|xdescribe|fit|fdescribe)\(/,
    message: "a test switched off or narrowed",
    comments: false,
  },
  {
    files:
      /^(contracts|coordinator|explorer|scripts(?!\/check\/house-rules\.ts$)|bench|test(?!\/house))\/.*\.(sol|ts|js|mjs)$/,
    pattern: /\b(TODO|FIXME|XXX|HACK)\b|\bfor now\b|\bnot implemented\b/,
    message: "an unfinished mark",
    comments: true,
  },
  {
    files: /^coordinator\/protocol\/(?!.*\/assembly\/).*\.ts$/,
    pattern:
      /\bDate\b|\bMath\.random\b|\bconsole\.|\bperformance\.|\bprocess\.|\bset(Timeout|Interval)\(|\bfetch\(|\bglobalThis\.crypto\b/,
    message: "the protocol has no clock, no randomness, no log and no input or output",
    comments: false,
  },
  {
    files: /^coordinator\/protocol\/(?!.*\/assembly\/).*\.ts$/,
    pattern: /\bMath\.(exp|expm1|log|log2|log10|log1p|pow|sin|cos|tan|tanh|sinh|cosh|cbrt|hypot)\b/,
    message: "the language leaves this function's last bits open, so two nodes may disagree",
    comments: false,
  },
];

/**
 * Longest function, in lines of its own. Test suites are lists of tests, benchmarks lists of cases, components markup: not
 * counted.
 */
const FUNCTION_LINES = 40;
const COUNTED_FUNCTIONS = /^(coordinator|explorer|scripts)\/(?!.*\/assembly\/).*\.(ts|js|mjs)$/;

const SCRIPT_ENDINGS = /\.(tsx?|js|mjs|cjs)$/;

/** Files that git knows or would add. */
function projectFiles(): string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  return [...new Set(list.split("\0"))].filter((path) => path !== "" && isFile(path)).sort();
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isComment(line: string): boolean {
  return /^\s*(\/\/|\/?\*)/.test(line);
}

/** All breaches in one file's text. */
export function fileBreaches(path: string, text: string): Breach[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const breaches: Breach[] = [];
  const limit = SIZE_LIMITS.find(({ files }) => files.test(path));
  if (limit && lines.length > limit.lines) {
    breaches.push({ path, line: 0, message: `${lines.length} lines, more than ${limit.lines}` });
  }
  if (SCRIPT_ENDINGS.test(path) && /(^|\/)(utils|util|index)\.\w+$/.test(path)) {
    breaches.push({ path, line: 0, message: "a name that says nothing about what is inside" });
  }
  if (COUNTED_FUNCTIONS.test(path)) {
    for (const { name, line, lines: own } of longFunctions(path, text, FUNCTION_LINES)) {
      breaches.push({
        path,
        line,
        message: `${name} has ${own} lines of its own, more than ${FUNCTION_LINES}`,
      });
    }
  }
  for (const rule of LINE_RULES.filter(({ files }) => files.test(path))) {
    for (const [index, line] of lines.entries()) {
      if (!rule.comments && isComment(line)) continue;
      if (rule.pattern.test(line)) breaches.push({ path, line: index + 1, message: rule.message });
    }
  }
  return breaches;
}

/** All breaches in the project's text files. */
export function houseBreaches(): Breach[] {
  return projectFiles().flatMap((path) => {
    const bytes = readFileSync(path);
    return bytes.includes(0) ? [] : fileBreaches(path, bytes.toString("utf8"));
  });
}

/** One line per breach, as compilers print them. */
export function formatBreaches(breaches: Breach[]): string {
  return breaches
    .map(({ path, line, message }) => `${path}${line > 0 ? `:${line}` : ""}: ${message}`)
    .join("\n");
}
