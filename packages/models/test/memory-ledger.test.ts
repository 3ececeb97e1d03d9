import { MemoryLedger } from "@nanoagent/models";
import { expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { sampleLedger } from "./samples.js";

test("survives JSON unchanged", () => {
  expect(MemoryLedger.parse(JSON.parse(JSON.stringify(sampleLedger)))).toEqual(sampleLedger);
});

const badFigures = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, null, "7"];

test.each(["steady_reserved_bytes", "steady_resident_bytes", "peak_reserved_bytes", "peak_resident_bytes"])(
  "%s is a count of bytes",
  (key) => {
    expect(issuesOf(MemoryLedger, { ...sampleLedger, [key]: 0 })).toEqual([]);
    for (const value of badFigures) {
      expect(issuesOf(MemoryLedger, { ...sampleLedger, [key]: value }), String(value)).toHaveLength(1);
    }
  },
);

test.each(["reserved_bytes", "resident_bytes"])("%s of a line is a count of bytes", (key) => {
  for (const value of badFigures) {
    const lines = [{ ...sampleLedger.lines[0], [key]: value }];
    expect(issuesOf(MemoryLedger, { ...sampleLedger, lines }), String(value)).toEqual([
      expect.stringMatching(`^lines\\.0\\.${key} \\(invalid\\): expected an integer of at least 0, found `),
    ]);
  }
});

test.each([
  [
    { kind: "mapped" },
    'lines.0.kind (invalid): expected "pinned" or "evictable" or "transient", found "mapped" (a string)',
  ],
  [{ name: "" }, 'lines.0.name (invalid): expected a string that is not empty, found "" (a string)'],
  [{ explanation: undefined }, "lines.0.explanation (missing): missing: expected a string"],
  [
    { note: "" },
    "lines.0.note (unknown-key): unknown key: expected one of name, kind, reserved_bytes, resident_bytes, explanation",
  ],
])("a line with %j is refused", (change, issue) => {
  expect(issuesOf(MemoryLedger, { ...sampleLedger, lines: [{ ...sampleLedger.lines[0], ...change }] })).toEqual([
    issue,
  ]);
});
