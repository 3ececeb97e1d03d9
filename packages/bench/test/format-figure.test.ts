import { expect, it } from "vitest";
import { formatFigure } from "../src/format-figure.mjs";

it.each([
  [0, "0"],
  [3, "3"],
  [0.4049, "0.40"],
  [2.5, "2.50"],
  [31.34, "31.3"],
  [514.6, "515"],
  [10_000, "10,000"],
  [587_282.4, "587,282"],
  [-3.21, "−3.21"],
])("formats %d as %s", (value, text) => {
  expect(formatFigure(value)).toBe(text);
});

it("shows the sign of a difference", () => {
  expect(formatFigure(12.34, { signed: true })).toBe("+12.3");
  expect(formatFigure(-12.34, { signed: true })).toBe("−12.3");
});
