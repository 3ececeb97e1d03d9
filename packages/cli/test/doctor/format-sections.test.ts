import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSections, MAX_REPORT_BYTES, redactSections, sectionsToJson } from "../../src/doctor/format-sections.js";
import { redactionFor } from "../../src/doctor/redact.js";

const redaction = redactionFor({ homes: [], users: [], host: null, secrets: [], conversations: null });
const section = (data: unknown) => ({ name: "State files", summary: "a summary", data, failure: null });

describe("the text of a report", () => {
  test("shows data as indented lines, and facts of the device in one line each", () => {
    const data = {
      files: [{ file: "a", bytes: 1 }, { file: "b" }],
      empty: [],
      nothing: null,
      lines: "one\ntwo",
      memory: { value: 5, source: "/proc/meminfo", confidence: "certain" },
      heat: { error: "no sensor" },
    };
    expect(formatSections(["heading"], [section(data)])).toBe(`heading

== State files ==
a summary
files:
  - file: a
    bytes: 1
  - file: b
empty: (none)
nothing: none
lines: one
  two
memory: 5 (/proc/meminfo)
heat: unknown (no sensor)
`);
  });

  test("is bounded, and safe for a terminal, whatever the data", () => {
    fc.assert(
      fc.property(fc.array(fc.anything(), { maxLength: 5 }), (values) => {
        const text = formatSections(["h"], redactSections(values.map(section), redaction));
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_REPORT_BYTES);
        expect(text.replace(/[\n\t]/g, "")).not.toMatch(/\p{Cc}/u);
      }),
    );
    const large = Array.from({ length: 11 }, () => section(Array.from({ length: 200 }, () => "🙂".repeat(1000))));
    const text = formatSections(["h"], redactSections(large, redaction));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_REPORT_BYTES);
    expect(text).toContain("[the rest is left out]");
  });

  test("a section that failed has its reason, and no data", () => {
    const failed = { name: "Device", summary: "not gathered: no such file", data: null, failure: "no such file" };
    expect(formatSections(["h"], [failed])).toBe("h\n\n== Device ==\nnot gathered: no such file\n");
    expect(sectionsToJson([failed])).toEqual([{ ...failed, name: "device" }]);
  });
});
