import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type Series, series } from "../../src/metrics/series.js";

const page = await readFile(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");

/** Rows of the page's table of series, without the spaces that align it. */
const rows = page
  .split("\n")
  .filter((line) => /^\| `(?:nanoagent|process)_/.test(line))
  .map((line) => line.replace(/ *\| */g, "|"));

function rowOf({ name, type, labels, help }: Series): string {
  const names = Object.keys(labels);
  const values = Object.entries(labels).flatMap(([label, known]) =>
    known === null ? [] : `. ${label}: ${known.map((value) => `\`${value}\``).join(", ")}`,
  );
  return `|\`${name}${names.length === 0 ? "" : `{${names.join(",")}}`}\`|${type}|${help}${values.join("")}|`;
}

test("the table of the page has every series, in order", () => {
  expect(rows).toEqual(series.map(rowOf));
});
