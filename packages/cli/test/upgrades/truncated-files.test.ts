import { existsSync, readFileSync, statSync, truncateSync } from "node:fs";
import path from "node:path";
import { importModel } from "@nanoagent/hub";
import { readDeviceMeasurement } from "@nanoagent/profiler";
import { Journal } from "@nanoagent/runtime/node";
import { describe, expect, test } from "vitest";
import { readLearned } from "../../../hub/src/catalogue/learned-file.js";
import { PartialFile } from "../../../hub/src/download/partial-file.js";
import { readHubEnvironment } from "../../../hub/src/environment/hub-environment.js";
import { readStamps, updateStamps } from "../../../hub/src/store/stamps.js";
import { StateFile } from "../../../runtime/src/engines/llama/state-file.js";
import { openKeyFile } from "../../../server/src/access/key-file.js";
import { PageIndex } from "../../../server/src/page/page-index.js";
import { InputHistory } from "../../src/input/input-history.js";
import { copyFixtures, hashesIn, versions } from "./fixture-copy.js";
import { PAGE } from "./make-fixtures.js";

/** Parts of a file that a cut leaves. */
const SHARES = [0.02, 0.3, 0.7, 0.98];

/** Copies the files of a version, and cuts one of them off. Returns the folder. */
function cutOff(version: string, file: string, share: number): string {
  const folder = copyFixtures(version);
  const whole = path.join(folder, file);
  truncateSync(whole, Math.floor(statSync(whole).size * share));
  return folder;
}

const [version = ""] = versions.slice(-1);

describe.each(SHARES)("a file of which %s is left", (share) => {
  test("session: the turns of earlier segments stay, and it goes on", async () => {
    const folder = path.join(cutOff(version, "session/journal-0000000000000015.jsonl", share), "session");
    const journal = await Journal.open(folder, { verifyEverything: true });
    // An act whose turn was cut off is added as a turn that may have happened.
    const known = journal.counts.turns;
    expect(known).toBe(share === 0.98 ? 18 : 17);
    const turns = [];
    for await (const { turn } of journal.turns()) turns.push(turn);
    expect(turns.slice(0, 6)).toEqual([7, 8, 9, 10, 11, 12]);
    const timestamp = "2027-01-02T03:04:05.000Z";
    await journal.appendTurn([
      { role: "user", content: "again", timestamp },
      { role: "assistant", content: "yes", timestamp },
    ]);
    expect(journal.counts).toMatchObject({ turns: known + 1 });
    await journal.close();
  });

  test.each(["json", "kv"])("engine state (.%s): it is not used", async (ending) => {
    const folder = cutOff(version, `engine-state/engine-state.${ending}`, share);
    const file = new StateFile(path.join(folder, "engine-state", "engine-state"));
    const owner = { model: "abc", engine_version: "3.22.1", context_tokens: 512, kv_type: "f16" };
    expect(await file.find(owner)).toBeNull();
    expect(await file.newerFile()).toBeNull();
  });

  test("list of the page's conversations: a line in the log, and it is written again", async () => {
    const folder = path.join(cutOff(version, "page/page.json", share), "page");
    const events: string[] = [];
    const index = new PageIndex(folder, ({ event }) => events.push(event));
    expect((await index.read()).entries).toEqual([]);
    expect(events).toEqual(["page-index-damaged"]);
    await index.write(PAGE);
    expect(await index.read()).toEqual(PAGE);
  });

  test("keys of a service: refused, and not replaced", async () => {
    const folder = cutOff(version, "serve-keys.json", share);
    const before = hashesIn(folder);
    await expect(openKeyFile(folder)).rejects.toMatchObject({ code: "keys-unreadable" });
    expect(hashesIn(folder)).toEqual(before);
  });

  test("measurement of the device: ignored with a reason", async () => {
    const file = path.join(cutOff(version, "device-measurement.json", share), "device-measurement.json");
    const { measurement, ignored } = await readDeviceMeasurement({ path: file });
    expect(measurement).toBeNull();
    expect(ignored).toContain(file);
  });

  test("stamps of models: ignored with a notice, and kept as a copy by the next write", async () => {
    const stampsFile = path.join(cutOff(version, "models.json", share), "models.json");
    const damaged = readFileSync(stampsFile);
    expect((await readStamps({ stampsFile })).notices).toHaveLength(1);
    await updateStamps({ stampsFile }, (stamps) => stamps);
    expect(readFileSync(`${stampsFile}.damaged`)).toEqual(damaged);
  });

  test("facts of repositories: ignored with a notice", async () => {
    const { notice } = await readLearned(path.join(cutOff(version, "catalogue.json", share), "catalogue.json"));
    expect(notice).toContain("catalogue.json");
  });

  test("list of a download: it begins again", async () => {
    const folder = path.join(cutOff(version, "download/tiny.gguf.nanoagent-blocks", share), "download");
    const partial = await PartialFile.open(path.join(folder, "tiny.gguf"));
    await partial.resume({ bytes: 540, sha256: "ab".repeat(32), gitSha1: null }, () => {}, undefined);
    expect(partial.receivedBytes).toBe(0);
    await partial.close();
  });

  test("bundle: refused, and nothing of it is imported", async () => {
    const folder = cutOff(version, "tiny.nanoagent", share);
    const environment = readHubEnvironment({}, { home: path.join(folder, "home") });
    const imported = importModel(path.join(folder, "tiny.nanoagent"), environment);
    await expect(imported).rejects.toMatchObject({ code: "bundle-invalid" });
    expect(existsSync(environment.stampsFile)).toBe(false);
  });

  test("typed messages: whole lines are read", async () => {
    const { messages } = await InputHistory.open(path.join(cutOff(version, "history.jsonl", share), "history.jsonl"));
    expect(messages).toEqual(["turn the lamp on", "two\nlines", "äöü 🙂"].slice(0, messages.length));
    expect(messages.length).toBe(share < 0.5 ? 0 : share < 0.9 ? 2 : 3);
  });
});
