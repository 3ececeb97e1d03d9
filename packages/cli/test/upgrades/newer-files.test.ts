import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { importModel } from "@nanoagent/hub";
import { readDeviceMeasurement, writeDeviceMeasurement } from "@nanoagent/profiler";
import { Journal } from "@nanoagent/runtime/node";
import type { LogEntry } from "@nanoagent/server";
import { describe, expect, test } from "vitest";
import { learnedGone } from "../../../hub/src/catalogue/learned.js";
import { readLearned, rememberLearned } from "../../../hub/src/catalogue/learned-file.js";
import { PartialFile } from "../../../hub/src/download/partial-file.js";
import { readHubEnvironment } from "../../../hub/src/environment/hub-environment.js";
import { readStamps, updateStamps } from "../../../hub/src/store/stamps.js";
import { tarArchive } from "../../../hub/test/bundles/tar-archive.js";
import { StateFile } from "../../../runtime/src/engines/llama/state-file.js";
import { crc32 } from "../../../runtime/src/files/crc32.js";
import { openKeyFile } from "../../../server/src/access/key-file.js";
import { PageIndex } from "../../../server/src/page/page-index.js";
import { InputHistory } from "../../src/input/input-history.js";
import { copyFixtures, hashesIn, versions } from "./fixture-copy.js";
import { PAGE } from "./make-fixtures.js";

/** Replaces the number of a file's format. Checksums stay those of the old one, as a newer version may compute others. */
function renumber(file: string, from: string, to: string): void {
  const text = readFileSync(file, "latin1");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to), "latin1");
}

/** Replaces the first line of a segment by one of another format, with a checksum that fits. */
function renumberSegment(file: string, format: number): void {
  const text = readFileSync(file, "utf8");
  const end = text.indexOf("\n");
  const begin = text
    .slice(0, end)
    .replace('"format":1', `"format":${format}`)
    .replace(/,"crc32":"[0-9a-f]{8}"\}$/, "");
  const sum = crc32(Buffer.from(begin)).toString(16).padStart(8, "0");
  writeFileSync(file, `${begin},"crc32":"${sum}"}${text.slice(end)}`);
}

/** Runs `use` and expects that no file in the folder differs afterwards. */
async function unchanged(folder: string, use: () => Promise<unknown>): Promise<void> {
  const before = hashesIn(folder);
  await use();
  expect(hashesIn(folder)).toEqual(before);
}

const [version = ""] = versions.slice(-1);

describe.each([1, 90])("a file whose format is newer by %s is refused, and no byte in its folder changes", (by) => {
  test("session", async () => {
    const folder = path.join(copyFixtures(version), "session");
    renumberSegment(path.join(folder, "journal-0000000000000025.jsonl"), 1 + by);
    // A leftover of an interrupted rewrite of the newer version.
    writeFileSync(path.join(folder, "journal-0000000000000026.jsonl.new"), "unfinished");
    rmSync(path.join(folder, "lock-0123456789abcdef.claim"));
    await unchanged(folder, async () => {
      for (const verifyEverything of [false, true]) {
        await expect(Journal.open(folder, { verifyEverything })).rejects.toMatchObject({
          code: "session-format-unknown",
          message: expect.stringContaining(`format ${1 + by}`),
        });
      }
    });
  });

  test("engine state: it is kept, and none is saved in its place", async () => {
    const folder = path.join(copyFixtures(version), "engine-state");
    renumber(path.join(folder, "engine-state.json"), '"format":3', `"format":${3 + by}`);
    const file = new StateFile(path.join(folder, "engine-state"));
    const owner = { model: "abc", engine_version: "3.22.1", context_tokens: 512, kv_type: "f16" };
    await unchanged(folder, async () => {
      expect(await file.newerFile()).toBe(path.join(folder, "engine-state.json"));
      expect(await file.find(owner)).toBeNull();
      const content = { owner, tokens: 1, text: "x", marks: [], maxBytes: 1000 };
      expect(await file.save(content, async () => expect.fail("nothing may be written"))).toBeNull();
      await file.remove();
    });
  });

  test("list of the page's conversations: a line in the log, and nothing is written", async () => {
    const folder = path.join(copyFixtures(version), "page");
    renumber(path.join(folder, "page.json"), '"format":1', `"format":${1 + by}`);
    const logged: LogEntry[] = [];
    await unchanged(folder, async () => {
      const index = new PageIndex(folder, (entry) => logged.push(entry));
      expect((await index.read()).entries).toEqual([]);
      await index.write(PAGE);
    });
    expect(logged).toMatchObject([
      { event: "page-index-unusable", message: expect.stringContaining("newer version"), hint: expect.any(String) },
    ]);
  });

  test("keys of a service", async () => {
    const folder = copyFixtures(version);
    renumber(path.join(folder, "serve-keys.json"), '"format": 1', `"format": ${1 + by}`);
    await unchanged(folder, async () => {
      await expect(openKeyFile(folder)).rejects.toMatchObject({
        code: "keys-unreadable",
        message: expect.stringContaining("newer version"),
      });
    });
  });

  test("measurement of the device: it is ignored with a reason, and a new one is not saved", async () => {
    const folder = copyFixtures(version);
    const file = path.join(folder, "device-measurement.json");
    renumber(file, '"format": 1', `"format": ${1 + by}`);
    await unchanged(folder, async () => {
      expect(await readDeviceMeasurement({ path: file })).toMatchObject({
        measurement: null,
        ignored: expect.stringContaining("newer version"),
      });
      await expect(writeDeviceMeasurement({ contention: 0 }, { path: file })).rejects.toMatchObject({
        code: "measurement",
        reason: expect.stringContaining("newer version"),
      });
    });
  });

  test("stamps of models: they are ignored with a notice", async () => {
    const folder = copyFixtures(version);
    const stampsFile = path.join(folder, "models.json");
    renumber(stampsFile, '"format":1', `"format":${1 + by}`);
    await unchanged(folder, async () => {
      expect((await readStamps({ stampsFile })).notices).toEqual([expect.stringContaining("newer nanoagent")]);
      expect((await updateStamps({ stampsFile }, () => [])).notices).toEqual([expect.stringContaining("not changed")]);
    });
  });

  test("facts of repositories: they are ignored with a notice", async () => {
    const folder = copyFixtures(version);
    const file = path.join(folder, "catalogue.json");
    renumber(file, '"format": 1', `"format": ${1 + by}`);
    await unchanged(folder, async () => {
      expect((await readLearned(file)).notice).toContain("newer nanoagent");
      await rememberLearned(file, learnedGone("org/other"));
    });
  });

  test("download that was interrupted", async () => {
    const folder = path.join(copyFixtures(version), "download");
    renumber(path.join(folder, "tiny.gguf.nanoagent-blocks"), "nanoagent-blocks-1", `nanoagent-blocks-${1 + by}`);
    await unchanged(folder, async () => {
      const partial = await PartialFile.open(path.join(folder, "tiny.gguf"));
      const resumed = partial.resume({ bytes: 540, sha256: "ab".repeat(32), gitSha1: null }, () => {}, undefined);
      await expect(resumed).rejects.toMatchObject({
        code: "store-unusable",
        message: expect.stringContaining("newer nanoagent"),
      });
      await partial.close();
    });
  });

  test("bundle", async () => {
    const folder = copyFixtures(version);
    const file = path.join(folder, "newer.nanoagent");
    writeFileSync(file, newerBundle(readFileSync(path.join(folder, "tiny.nanoagent")), 1 + by));
    await unchanged(folder, async () => {
      const environment = readHubEnvironment({}, { home: path.join(folder, "home") });
      await expect(importModel(file, environment)).rejects.toMatchObject({
        code: "bundle-invalid",
        message: expect.stringContaining("newer"),
        hint: expect.stringContaining("Or update nanoagent."),
      });
    });
  });
});

/** The bundle of the fixtures with a manifest of another format, and a hash that fits. */
function newerBundle(bundle: Buffer, format: number): Buffer {
  const bytes = Number.parseInt(bundle.toString("latin1", 124, 135), 8);
  const manifest = JSON.parse(bundle.toString("utf8", 512, 512 + bytes));
  const body = JSON.stringify({ ...manifest, format });
  const hash = createHash("sha256").update(body).digest("hex");
  return tarArchive([
    { name: "manifest.json", body },
    { name: "manifest.json.sha256", body: `${hash}  manifest.json\n` },
  ]);
}

describe("typed messages of a newer version", () => {
  test("lines in another form are skipped and kept, even when the file is due to be shortened", async () => {
    const file = path.join(copyFixtures(version), "history.jsonl");
    const newer = '{"message":"of a newer version","at":"2027-01-01"}\n';
    appendFileSync(file, newer);
    for (let line = 0; line < 2500; line += 1) appendFileSync(file, `"${"x".repeat(300)} ${line}"\n`);
    const before = readFileSync(file, "utf8");
    const { messages } = await InputHistory.open(file);
    expect(messages).toHaveLength(1000);
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});
