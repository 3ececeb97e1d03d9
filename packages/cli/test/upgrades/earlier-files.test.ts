import { rmSync } from "node:fs";
import path from "node:path";
import { importModel, resolveModel } from "@nanoagent/hub";
import { readDeviceMeasurement } from "@nanoagent/profiler";
import { findSession, findSessions, Journal, readSession } from "@nanoagent/runtime/node";
import { describe, expect, test } from "vitest";
import { readLearned } from "../../../hub/src/catalogue/learned-file.js";
import { PartialFile } from "../../../hub/src/download/partial-file.js";
import { readHubEnvironment } from "../../../hub/src/environment/hub-environment.js";
import { readStamps } from "../../../hub/src/store/stamps.js";
import { StateFile } from "../../../runtime/src/engines/llama/state-file.js";
import { openKeyFile } from "../../../server/src/access/key-file.js";
import { PageIndex } from "../../../server/src/page/page-index.js";
import { InputHistory } from "../../src/input/input-history.js";
import { copyFixtures, hashesIn, versions } from "./fixture-copy.js";
import { DOWNLOADED, PAGE } from "./make-fixtures.js";

describe.each(versions)("the files of %s are read", (version) => {
  test("session: its turns, acts, window and pruned beginning; and it goes on", async () => {
    const folder = path.join(copyFixtures(version), "session");
    const before = hashesIn(folder);
    expect(await findSession(folder)).toMatchObject({ turns: 17, messages: 36, segments: 3, missing_turns: null });
    expect((await findSessions(folder))[0]).toMatchObject({ missing_turns: 0 });
    const turns = [];
    for await (const turn of readSession(folder)) turns.push(turn);
    expect(turns.map(({ turn }) => turn)).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    expect(turns[0]?.messages.map(({ content }) => content)).toEqual(["question 7", "answer 7 äöü"]);
    expect(turns.at(-1)).toMatchObject({ begins_conversation: true });
    expect(turns.at(-1)?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(hashesIn(folder)).toEqual(before);

    const journal = await Journal.open(folder, { verifyEverything: true });
    expect(journal.report).toMatchObject({ damage: [], missing: [], notes: [], torn_bytes: 0, unknown_records: 0 });
    expect(journal.counts).toMatchObject({ turns: 17, messages: 36 });
    expect(journal.window).toMatchObject({ first_turn: 17, summary: "They spoke of plants." });
    const timestamp = "2027-01-02T03:04:05.000Z";
    await journal.appendTurn([
      { role: "user", content: "again", timestamp },
      { role: "assistant", content: "yes", timestamp },
    ]);
    await journal.close();
    expect(await findSession(folder)).toMatchObject({ turns: 18, messages: 38 });
    const after = hashesIn(folder);
    // Earlier segments stay as they were, and the claim of the program that has ended is gone.
    const unchanged = Object.entries(before).filter(([name, hash]) => after[name] === hash);
    expect(unchanged).toHaveLength(2);
    expect(Object.keys(after).filter((name) => name.startsWith("lock-"))).toEqual([]);
  });

  test("engine state", async () => {
    const folder = path.join(copyFixtures(version), "engine-state");
    const file = new StateFile(path.join(folder, "engine-state"));
    const owner = { model: "abc", engine_version: "3.22.1", context_tokens: 512, kv_type: "f16" };
    expect(await file.find(owner)).toMatchObject({ tokens: 100, text: "hello" });
    expect(await file.savedLength()).toEqual({ tokens: 100, contextTokens: 512 });
    expect(await file.newerFile()).toBeNull();
  });

  test("list of the page's conversations", async () => {
    const log = () => expect.fail("nothing is wrong with the file");
    const index = new PageIndex(path.join(copyFixtures(version), "page"), log);
    expect(await index.read()).toEqual(PAGE);
    expect(index.isUsable).toBe(true);
  });

  test("keys of a service", async () => {
    const folder = copyFixtures(version);
    expect(await openKeyFile(folder)).toMatchObject({ keys: [expect.stringMatching(/^na-.{32}$/)], isNew: false });
  });

  test("measurement of the device", async () => {
    const file = path.join(copyFixtures(version), "device-measurement.json");
    const { measurement, ignored } = await readDeviceMeasurement({ path: file });
    expect(ignored).toBeNull();
    expect(measurement?.bandwidth).toEqual([{ threads: 1, per_second: 8_000_000_000, spread: 0.02 }]);
  });

  test("stamps of models", async () => {
    const stampsFile = path.join(copyFixtures(version), "models.json");
    const { stamps, notices } = await readStamps({ stampsFile });
    expect(notices).toEqual([]);
    expect(stamps).toMatchObject([{ name: "tiny-Q8_0", source: "import", quantization: "Q8_0", own: true }]);
  });

  test("facts of repositories", async () => {
    const { facts, notice } = await readLearned(path.join(copyFixtures(version), "catalogue.json"));
    expect(notice).toBeNull();
    expect(facts.repositories).toMatchObject([{ repository: "org/gone", is_gone: true }]);
  });

  test("download that was interrupted", async () => {
    const folder = path.join(copyFixtures(version), "download");
    const partial = await PartialFile.open(path.join(folder, "tiny.gguf"));
    const file = { bytes: DOWNLOADED.length, sha256: "ab".repeat(32), gitSha1: null };
    await partial.resume(file, () => {}, undefined);
    expect(partial.receivedBytes).toBe(DOWNLOADED.length);
    await partial.close();
  });

  test("bundle", async () => {
    const folder = copyFixtures(version);
    const environment = readHubEnvironment({}, { home: path.join(folder, "home") });
    const { model } = await importModel(path.join(folder, "tiny.nanoagent"), environment);
    expect(model).toMatchObject({ name: "tiny-Q8_0", quantization: "Q8_0" });
    expect(await resolveModel("tiny-Q8_0", environment)).toMatchObject({ name: "tiny-Q8_0" });
    rmSync(path.join(folder, "home"), { recursive: true });
  });

  test("typed messages", async () => {
    const { messages } = await InputHistory.open(path.join(copyFixtures(version), "history.jsonl"));
    expect(messages).toEqual(["turn the lamp on", "two\nlines", "äöü 🙂"]);
  });
});
