import { describe, expect, test } from "vitest";
import { gatherSections } from "../../src/doctor/report-section.js";

const quick = { name: "Quick", gather: async () => ({ summary: "done", data: 1 }) };

describe("the parts of a report", () => {
  test("one that fails or hangs becomes a line, and the others are gathered", async () => {
    let wasStopped = false;
    const sections = await gatherSections(
      [
        { name: "Broken", gather: async () => Promise.reject(new Error("no such file")) },
        {
          name: "Hanging",
          gather: (signal) => {
            signal.addEventListener("abort", () => {
              wasStopped = true;
            });
            return new Promise(() => {});
          },
        },
        quick,
      ],
      { partMilliseconds: 50 },
    );
    expect(sections.map(({ failure }) => failure)).toEqual(["no such file", expect.stringContaining("longer"), null]);
    expect(sections[2]).toMatchObject({ summary: "done", data: 1 });
    expect(wasStopped).toBe(true);
  });

  test("a late one is gathered after the others, and keeps its place in the report", async () => {
    const order: string[] = [];
    const part = (name: string) => ({ name, gather: async () => ({ summary: String(order.push(name)), data: null }) });
    const sections = await gatherSections([part("One"), { ...part("Late"), isLate: true }, part("Two")]);
    expect(order).toEqual(["One", "Two", "Late"]);
    expect(sections.map(({ name }) => name)).toEqual(["One", "Late", "Two"]);
  });

  test("when the whole time is used up, the rest says so", async () => {
    const hanging = { name: "Hanging", gather: () => new Promise<never>(() => {}) };
    const sections = await gatherSections([hanging, quick], { partMilliseconds: 5000, reportMilliseconds: 50 });
    expect(sections.map(({ failure }) => failure)).toEqual([
      expect.stringContaining("longer"),
      "the report had no time left for it",
    ]);
  });
});
