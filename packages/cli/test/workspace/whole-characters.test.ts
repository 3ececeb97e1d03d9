import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { repository } from "../run-program.js";

/** Cuts that cannot split a character: their texts are ASCII, lists of characters, or compared but not shown. */
const harmless = [
  "randomUUID().slice(0, 8)",
  "characters.slice(0, MAX_SHOWN_CHARACTERS)",
  'replaceAll(/[^a-zA-Z0-9_-]/gu, "_").slice(0, MAX_NAME_CHARACTERS)',
  "query.slice(0, 10_000)",
  "isDate(text.slice(0, 10))",
  ".test(text.slice(0, MAX_REASON_CHARACTERS))",
  "result.tools.slice(0, 1000)",
  "line.slice(0, 2 * MAX_SHOWN_CHARACTERS)",
  // Characters beyond ASCII are replaced.
  ".slice(0, 4 * MAX_CHARACTERS)",
  "    .slice(0, MAX_CHARACTERS)",
];

test("no text is cut within a character", () => {
  const found = ["models", "profiler", "optimizer", "hub", "runtime", "server", "fleet", "cli"].flatMap((name) => {
    const source = path.join(repository, "packages", name, "src");
    return readdirSync(source, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith("cut-text.ts"))
      .flatMap((file) =>
        readFileSync(path.join(source, file), "utf8")
          .split("\n")
          .filter((line) =>
            /\.slice\(0, (?:\d{1,3}(?:_\d{3})*0|\d \* MAX_\w+|MAX_\w*(?:CHARACTERS|LENGTH))\)/.test(line),
          )
          .filter((line) => !harmless.some((one) => line.includes(one)))
          .map((line) => `${name}/${file}: ${line.trim()}`),
      );
  });
  expect(found).toEqual([]);
});
