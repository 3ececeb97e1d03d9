import { appendFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { contents, copyOf } from "./expect-replies.js";

test("keeps what is said, lists it and exports it", async () => {
  const copy = await copyOf("meeting-notes");
  const replies = contents(
    await copy.replies(
      [
        "Start a new meeting about the summer party",
        "please note down that the garden is booked",
        "write down: - 5 degrees is too cold <b>",
        "Action item for Ben: buy lamps",
        "new task for Anna Maria to invite everybody",
        "add a to-do for Chris call the band",
        "todo order chairs",
        "We agreed to invite the neighbors.",
        "decision: no fireworks!",
        "what decisions did we make so far?",
        "show me the tasks for ANNA MARIA",
        "what must ben do?",
        "Show me our notes",
        "action for Zoe",
        "save the minutes as Markdown",
      ],
      { NOTES_NOW: "2026-05-14T23:59:59" },
    ),
  );
  expect(replies).toEqual([
    'The meeting "the summer party" begins.',
    "Note saved: the garden is booked",
    "Note saved: - 5 degrees is too cold <b>",
    "Action saved: Ben: buy lamps",
    "Action saved: Anna Maria: invite everybody",
    "Action saved: Chris: call the band",
    "Action saved: order chairs",
    "Decision saved: invite the neighbors",
    "Decision saved: no fireworks",
    "1. invite the neighbors\n2. no fireworks",
    "1. Anna Maria: invite everybody",
    "1. Ben: buy lamps",
    expect.stringMatching(/^1\. note: the garden is booked\n(?:.*\n){6}8\. decision: no fireworks$/),
    'Who does it? Say it as in "action for Anna: send the budget".',
    "Saved 8 entries to state/2026-05-14-the-summer-party.md.",
  ]);
  expect(await readFile(path.join(copy.place, "state/2026-05-14-the-summer-party.md"), "utf8")).toBe(
    `# The summer party

2026-05-14

## Decisions

- invite the neighbors
- no fireworks

## Actions

- [ ] **Ben**: buy lamps
- [ ] **Anna Maria**: invite everybody
- [ ] **Chris**: call the band
- [ ] order chairs

## Notes

- the garden is booked
- - 5 degrees is too cold &lt;b>
`,
  );
  const later = contents(await copy.replies(["new meeting on prices", "list everything", "export"]));
  expect(later.slice(1)).toEqual(["There are no entries yet.", "There are no entries to export yet."]);
});

test("removing is refused where nobody can be asked", async () => {
  const copy = await copyOf("meeting-notes");
  const replies = await copy.replies(["note a", "scratch that", "delete the last note", "show the notes"]);
  expect(contents(replies)).toEqual([
    "Note saved: a",
    "I removed nothing: The tool remove_last was not allowed to run.",
    "I removed nothing: The tool remove_last was not allowed to run.",
    "1. note: a",
  ]);
});

test("adds and removes once for each key, also behind a line that a power cut left unfinished", async () => {
  const copy = await copyOf("meeting-notes");
  const notes = (key: string, ...commandLine: string[]) =>
    copy.result(["notes.mjs", ...commandLine], { NANOAGENT_IDEMPOTENCY_KEY: key });
  const first = await notes("1", "add", "note", "one");
  expect(await notes("1", "add", "note", "one")).toEqual(first);
  await notes("2", "add", "note", "two");
  await appendFile(path.join(copy.place, "state/notes.jsonl"), '{"kind":"note","te');
  await notes("3", "add", "note", "three");
  expect(await notes("", "list", "all")).toEqual({ lines: "1. note: one\n2. note: two\n3. note: three" });
  for (const key of ["4", "4", "5"]) await notes(key, "remove-last");
  expect(await notes("", "list", "all")).toEqual({ lines: "1. note: one" });
  expect(await notes("6", "remove-last")).toEqual({ spoken: "Removed: one" });
  expect(await notes("6", "remove-last")).toEqual({ spoken: "Removed: one" });
  expect(await notes("7", "remove-last")).toEqual({ none: "There is nothing to remove." });
});

test("a text that is too long is refused, and the notebook stays as it is", async () => {
  const copy = await copyOf("meeting-notes");
  const { exitCode, stderr } = await copy.script(["notes.mjs", "add", "note", "x".repeat(2001)]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "error: the text is longer than 2000 characters\n" });
  expect(await copy.result(["notes.mjs", "list", "all"])).toEqual({ none: "There are no entries yet." });
});

test("a full notebook is named", async () => {
  const copy = await copyOf("meeting-notes");
  await copy.result(["notes.mjs", "add", "note", "one"]);
  await writeFile(path.join(copy.place, "state/notes.jsonl"), "x".repeat(2 ** 20 + 1));
  const { exitCode, stderr } = await copy.script(["notes.mjs", "add", "note", "two"]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error: the notebook is full .* move state\/notes\.jsonl away/);
});
