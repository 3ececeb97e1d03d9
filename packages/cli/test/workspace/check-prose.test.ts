import { expect, test } from "vitest";
// @ts-expect-error: a script without types
import { findProblems } from "../../../../scripts/check-prose.mjs";

test.each([
  "/** What the engine was shown last. */",
  "  // Whoever reads it.",
  " * What was written of the turn.",
  "# What systemd needs",
  '"0" is no whole number',
  "files that are no text",
  "  its values are none of these",
  "/** So many tokens as fit. */",
])("refuses %s", (line) => {
  expect(findProblems(`fine\n${line}\n`)).toEqual([{ line: 2, advice: expect.any(String) }]);
});

test.each([
  "/** Part of the conversation that the engine saw last. */",
  "// What is a token? See the glossary.",
  "There is no model file at a.gguf.",
  "the file is no longer there",
  "the default is no",
  "{% if message.content is none %}",
])("accepts %s", (line) => {
  expect(findProblems(line)).toEqual([]);
});
