import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { matchesName, readFilePattern } from "../../../src/triggers/sources/file/file-pattern.js";
import { FileSource, type FileSourceOptions } from "../../../src/triggers/sources/file/file-source.js";
import type { SourceContext } from "../../../src/triggers/sources/source-context.js";
import { AcceptedEvents, patience, sourceContext } from "./accepted-events.js";

let folder: string;
const open: FileSource[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-files-"));
});

afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a source, and waits until it has seen the files that are there. */
async function watch(
  file: string,
  context: Partial<SourceContext> = {},
  { events = new AcceptedEvents(), ...options }: FileSourceOptions & { events?: AcceptedEvents } = {},
) {
  const settings = { path: file, settle: "100ms" };
  const source = new FileSource(settings, sourceContext({ configFolder: folder, ...context }), {
    lookMilliseconds: 300,
    ...options,
  });
  open.push(source);
  source.start(events.accept);
  await vi.waitFor(() => expect(source.state.status).not.toBe("waiting"), patience);
  return { events, source };
}

const put = (name: string, text: string) => writeFile(path.join(folder, name), text);
const names = (events: AcceptedEvents) => events.payloads.map((payload) => (payload as { name: string }).name);
/** Time in which a source that is wrong would make an event. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 700));

/** Keeps the progress as the log of events does. */
function memory() {
  const kept = new Map<string, number>();
  return {
    kept,
    progress: {
      read: (rule: string) => kept.get(rule) ?? null,
      write: async (rule: string, through: number) => void kept.set(rule, through),
    },
  };
}

describe("files as a source", () => {
  test("a file that appears is an event, with its content", async () => {
    const { events } = await watch("*.txt");
    await put("note.txt", "water the bed");
    await put("other.md", "x");
    await vi.waitFor(() => expect(events.all).toHaveLength(1), patience);
    expect(events.all[0]).toMatchObject({
      trigger: "test",
      payload: {
        path: path.join(folder, "note.txt"),
        name: "note.txt",
        size_bytes: 13,
        modified_at: expect.stringMatching(/^\d{4}-.*Z$/),
        content: "water the bed",
      },
      identity: expect.stringMatching(/^note\.txt:\d+:13$/),
    });
  });

  test("a file that changes is an event for each time that it settles", async () => {
    await put("log.txt", "1");
    const { events } = await watch("log.txt");
    await aWhile();
    expect(events.all).toEqual([]);
    for (const text of ["12", "123"]) {
      await put("log.txt", text);
      await vi.waitFor(() => expect(events.payloads.at(-1)).toMatchObject({ content: text }), patience);
    }
    expect(events.all).toHaveLength(2);
  });

  test("a file counts once it is complete", async () => {
    const { events } = await watch("big.txt", {}, { lookMilliseconds: 60_000 });
    for (let part = 0; part < 12; part += 1) {
      await appendFile(path.join(folder, "big.txt"), "part\n");
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await vi.waitFor(() => expect(events.payloads.at(-1)).toMatchObject({ size_bytes: 60 }), patience);
  });

  test("a file that is moved into the folder is an event", async () => {
    const { events } = await watch("inbox/*");
    await mkdir(path.join(folder, "inbox"));
    await put("old.txt", "old");
    await utimes(path.join(folder, "old.txt"), 1, 1);
    await rename(path.join(folder, "old.txt"), path.join(folder, "inbox/old.txt"));
    await vi.waitFor(() => expect(names(events)).toEqual(["old.txt"]), patience);
  });

  test("folders, hidden files, links to nothing and pipes are not events", async () => {
    const { events } = await watch("*");
    await mkdir(path.join(folder, "folder"));
    await put(".hidden", "x");
    await symlink("/nothing/there", path.join(folder, "link"));
    await put("file", "x");
    await vi.waitFor(() => expect(names(events)).toEqual(["file"]), patience);
    await aWhile();
    expect(names(events)).toEqual(["file"]);
  });

  test("large and binary files have no content", async () => {
    const { events } = await watch("*");
    await put("large", "x".repeat(16 * 1024 + 1));
    await writeFile(path.join(folder, "binary"), new Uint8Array([0, 255, 1]));
    await vi.waitFor(() => expect(events.all).toHaveLength(2), patience);
    for (const payload of events.payloads) expect(payload).not.toHaveProperty("content");
  });

  test("is seen without reports of the system", async () => {
    const other = path.join(folder, "elsewhere");
    await mkdir(other);
    const { events, source } = await watch("elsewhere/*");
    // A folder that takes the place of the watched one.
    await rename(other, path.join(folder, "gone"));
    await mkdir(other);
    await put("elsewhere/a", "x");
    await vi.waitFor(() => expect(names(events)).toEqual(["a"]), patience);
    await put("elsewhere/b", "x");
    await vi.waitFor(() => expect(names(events)).toEqual(["a", "b"]), patience);
    expect(source.state.status).toBe("listening");
  });

  test("a folder that is missing is named, and its files count once it is there", async () => {
    const onNotice = vi.fn();
    const { events, source } = await watch("inbox/*.json", { onNotice });
    const problem = `The folder ${path.join(folder, "inbox")} cannot be watched: it does not exist. Create it, or correct file.path.`;
    expect(source.state).toEqual({ status: "failing", problem });
    await mkdir(path.join(folder, "inbox"));
    await put("inbox/a.json", "{}");
    await vi.waitFor(() => expect(names(events)).toEqual(["a.json"]), patience);
    expect(source.state).toEqual({ status: "listening", problem: null });
    expect(onNotice.mock.calls).toEqual([[problem]]);
  });

  test("a folder without a pattern is a mistake", async () => {
    await mkdir(path.join(folder, "inbox"));
    const { source } = await watch("inbox");
    expect(source.state.problem).toMatch(/inbox is a folder, and the files in it are inbox\/\*/);
    expect((await watch("*/x")).source.state.problem).toBe(
      "*/x has a * in its folder. Only the name of the file, its last part, may have one.",
    );
  });

  test("files that are refused are offered again", async () => {
    const { events, source } = await watch("*");
    events.answer = () => ({ status: "refused", reason: "not-saved" });
    await put("a", "x");
    await vi.waitFor(() => expect(source.state.problem).toMatch(/cannot be saved/), patience);
    events.answer = () => null;
    await vi.waitFor(() => expect(names(events)).toEqual(["a"]), patience);
  });
});

describe("files that change while the program is off", () => {
  test("are events at the next start, and no others", async () => {
    const { progress, kept } = memory();
    await put("before", "x");
    await aWhile();
    const { events, source } = await watch("*", { progress });
    await put("a", "x");
    await vi.waitFor(() => expect(names(events)).toEqual(["a"]), patience);
    expect(kept.size).toBe(1);
    await source.close();
    await put("b", "x");
    await watch("*", { progress }, { events });
    await vi.waitFor(() => expect(names(events)).toEqual(["a", "b"]), patience);
    await aWhile();
    expect(names(events)).toEqual(["a", "b"]);
  });

  test("are not lost if the program ends before they are accepted", async () => {
    const { progress } = memory();
    const first = await watch("*", { progress });
    await aWhile();
    first.events.answer = () => ({ status: "refused", reason: "not-saved" });
    await put("a", "x");
    await vi.waitFor(() => expect(first.events.offered).toHaveLength(1), patience);
    await first.source.close();
    const second = await watch("*", { progress });
    await vi.waitFor(() => expect(names(second.events)).toEqual(["a"]), patience);
    expect(second.events.all[0]?.identity).toBe(first.events.offered[0]?.identity);
  });
});

test("a pattern matches as its regular expression does", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (pattern, name) => {
      fc.pre(!name.includes("*"));
      const source = pattern.replaceAll(/[.]/g, "\\.").replaceAll("*", ".*");
      const isHidden = name.startsWith(".") && !pattern.startsWith(".") && pattern.includes("*");
      expect(matchesName(pattern, name)).toBe(!isHidden && new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 2000 },
  );
});

test("a path is relative to the config", () => {
  expect(readFilePattern("in/*.txt", "/etc/agent")).toEqual({ folder: "/etc/agent/in", name: "*.txt" });
});
