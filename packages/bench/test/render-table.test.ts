import { expect, it } from "vitest";
import { renderTable } from "../src/render-table.mjs";

it("aligns columns, without trailing spaces", () => {
  const table = renderTable(
    [
      { title: "what", align: "left" },
      { title: "µs", align: "right" },
      { title: "", align: "left" },
    ],
    [
      ["a turn", "25", "met"],
      ["ten thousand turns", "250,000"],
    ],
  );
  expect(table.split("\n")).toEqual([
    "what                     µs",
    "──────────────────  ───────  ───",
    "a turn                   25  met",
    "ten thousand turns  250,000",
  ]);
});

it("shows the header of an empty table", () => {
  expect(renderTable([{ title: "what", align: "left" }], [])).toBe("what\n────");
});
