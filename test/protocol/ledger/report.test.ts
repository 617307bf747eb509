import { expect } from "chai";
import fc from "fast-check";
import { isQuorateError } from "../../../coordinator/protocol/errors.ts";
import {
  gasBy,
  gasOfRound,
  gasTotal,
  ledgerToCsv,
  ledgerToJson,
  uniqueRows,
} from "../../../coordinator/protocol/ledger/report.ts";
import {
  LEDGER_COLUMNS,
  phaseOfMethod,
  rowFromJson,
  rowToJson,
} from "../../../coordinator/protocol/ledger/row.ts";
import { anyRow, row } from "./rows.ts";

const hash = (n: number) => `0x${n.toString(16).padStart(64, "0")}` as const;

describe("gas ledger report", () => {
  it("sums every dimension to the same total", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 30 }), (rows) => {
        const total = gasTotal(rows);
        for (const dimension of ["round", "phase", "method", "actor"] as const) {
          const groups = gasBy(dimension, rows);
          const sum = (field: "gasUsed" | "fee") => groups.reduce((s, group) => s + group[field], 0n);
          expect(sum("gasUsed")).to.equal(total.gasUsed);
          expect(sum("fee")).to.equal(total.fee);
          expect(groups.reduce((s, group) => s + group.transactions, 0)).to.equal(rows.length);
          expect(groups.reduce((s, group) => s + group.failed, 0)).to.equal(total.failed);
        }
      }),
    );
  });

  it("orders rounds by number and phases by the course of a round", () => {
    const rows = [
      row({ round: 10n, phase: "claim" }),
      row({ round: 9n, phase: "open" }),
      row({ round: null }),
    ];
    expect(gasBy("round", rows).map((group) => group.key)).to.deep.equal(["-", "9", "10"]);
    expect(gasBy("phase", rows).map((group) => group.key)).to.deep.equal(["open", "settle", "claim"]);
  });

  it("gives one round's gas by phase, failed transactions counted", () => {
    const rows = [
      row({ gasUsed: 5n, phase: "propose" }),
      row({ gasUsed: 7n }),
      row({ gasUsed: 2n, status: "reverted" }),
      row({ gasUsed: 90n, round: 2n }),
    ];
    expect(gasOfRound(rows, 1n)).to.deep.equal({
      setup: 0n,
      open: 0n,
      propose: 5n,
      vote: 0n,
      settle: 9n,
      claim: 0n,
      challenge: 0n,
      total: 14n,
    });
  });

  it("counts a hash once, whatever its case", () => {
    const upper = hash(0xabc).toUpperCase().replace("0X", "0x") as `0x${string}`;
    const rows = uniqueRows([
      row({ hash: hash(0xabc), block: 9 }),
      row({ hash: upper }),
      row({ hash: hash(2) }),
    ]);
    expect(rows.map((r) => r.block)).to.deep.equal([7, 9]);
  });

  it("exports exact integers as CSV and JSON", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 5 }), (rows) => {
        const lines = ledgerToCsv(rows).split("\r\n");
        expect(lines[0]).to.equal(
          "hash,round,phase,actor,method,gasUsed,gasLimit,effectiveGasPrice,fee,block,time,status",
        );
        expect(lines.at(-1)).to.equal("");
        for (const [i, one] of rows.entries()) {
          const cells = lines[i + 1]!.split(",");
          expect(cells).to.have.length(LEDGER_COLUMNS.length);
          expect(cells[LEDGER_COLUMNS.indexOf("fee")]).to.equal(String(one.fee));
        }
        const json = JSON.parse(JSON.stringify(ledgerToJson(rows)));
        expect(json.total.gasUsed).to.equal(String(gasTotal(rows).gasUsed));
        expect(json.rows.map(rowFromJson)).to.deep.equal(rows);
      }),
    );
  });

  it("refuses a row with an unusable field", () => {
    for (const broken of [
      { fee: "-1" },
      { hash: "0x12" },
      { phase: "vvote" },
      { block: 1.5 },
      { status: "ok" },
    ]) {
      const read = () => rowFromJson({ ...rowToJson(row({})), ...broken });
      expect(read, JSON.stringify(broken))
        .to.throw()
        .satisfies((e: unknown) => isQuorateError(e, "LEDGER_MALFORMED"));
    }
  });

  it("knows the phase of each method", () => {
    expect(
      ["openRound", "freezeSeed", "propose", "castVote", "settle", "failRound", "claim"].map(phaseOfMethod),
    ).to.deep.equal(["open", "open", "propose", "vote", "settle", "settle", "claim"]);
    expect(phaseOfMethod("register")).to.equal("setup");
  });
});
