import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { exportModel, importModel } from "@nanoagent/hub";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { writeDeviceMeasurement } from "@nanoagent/profiler";
import { Journal } from "@nanoagent/runtime/node";
import type { LogEntry } from "@nanoagent/server";
import { learnedGone } from "../../../hub/src/catalogue/learned.js";
import { rememberLearned } from "../../../hub/src/catalogue/learned-file.js";
import { PartialFile } from "../../../hub/src/download/partial-file.js";
import { readHubEnvironment } from "../../../hub/src/environment/hub-environment.js";
import { FileClaim } from "../../../runtime/src/claims/file-claim.js";
import { StateFile } from "../../../runtime/src/engines/llama/state-file.js";
import { openKeyFile } from "../../../server/src/access/key-file.js";
import type { IndexContent } from "../../../server/src/page/index-content.js";
import { PageIndex } from "../../../server/src/page/page-index.js";
import { InputHistory } from "../../src/input/input-history.js";

/** Time of all fixtures. */
const AT = "2026-11-29T12:00:00.000Z";
/** Segments so small that three turns begin a new one. */
const SEGMENT_BYTES = 1500;

/** A model of 20 KB. */
const SMALLEST = {
  ...{ embeddingLength: 32, layerCount: 1, headCount: 1, kvHeadCount: 1, feedForwardLength: 32 },
  ...{ vocabularySize: 259, weightType: "q8_0" },
};

const CONVERSATION = "page-00000000-0000-4000-8000-000000000001";
const turn = (number: number) => ({
  conversation: CONVERSATION,
  turn: `00000000-0000-4000-8000-00000000010${number}`,
  at: AT,
});
const failed = { state: "failed", error: { message: "The model is not there." } } as const;
/** A list of the page with each kind of turn that it keeps. */
export const PAGE: IndexContent = {
  entries: [{ id: CONVERSATION, title: "Plants äöü", updatedAt: AT }],
  unfinished: [
    { ...turn(1), message: "a message that failed", end: failed },
    { ...turn(2), message: "a message that was stopped", end: { state: "stopped", error: null } },
    { ...turn(3), message: "a message that waits", end: null },
  ],
  named: [
    { ...turn(4), end: failed },
    { ...turn(5), end: null },
  ],
};

/** Contents of a download that had all its bytes, but not its name yet. */
export const DOWNLOADED = Buffer.from("a model that is downloaded ".repeat(20));

const message = (role: "user" | "assistant" | "tool", content: string, more: object = {}) => ({
  role,
  content,
  timestamp: AT,
  ...more,
});

/** Writes one file of each form that this version keeps, as it writes them itself. */
export async function makeFixtures(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await makeSession(path.join(folder, "session"));
  await makeEngineState(path.join(folder, "engine-state"));
  await makePage(path.join(folder, "page"));
  await openKeyFile(folder);
  await makeMeasurement(path.join(folder, "device-measurement.json"));
  await makeStore(folder);
  await makeDownload(path.join(folder, "download"));
  const history = await InputHistory.open(path.join(folder, "history.jsonl"));
  for (const text of ["turn the lamp on", "two\nlines", "äöü 🙂"]) history.add(text);
  await history.close();
}

/** A session with turns, an act, a window, a pruned beginning, rotated segments, and the claim of a killed program. */
async function makeSession(folder: string): Promise<void> {
  const claimed = path.join(folder, "..", "claim");
  await mkdir(claimed, { recursive: true });
  const claim = await FileClaim.make(path.join(claimed, "lock-0123456789abcdef.claim"), "nanoagent", {
    beat: 60_000,
    isShared: false,
    hasOthers: async () => false,
  });
  await claim.settle();
  const journal = await Journal.open(folder, { segmentBytes: SEGMENT_BYTES, now: () => Date.parse(AT) });
  for (let turn = 1; turn <= 16; turn += 1) {
    await journal.appendTurn([message("user", `question ${turn}`), message("assistant", `answer ${turn} äöü`)]);
  }
  await journal.prune({ maxBytes: 2 * SEGMENT_BYTES });
  await journal.beginConversation();
  const call = { id: "call-1", name: "pump", arguments: { seconds: 5 } };
  const begun = [message("user", "water the plants"), message("assistant", "", { tool_calls: [call] })];
  const act = await journal.recordActStart(call, begun as never);
  await journal.recordActResult(act, { content: "done", is_error: false });
  await journal.appendTurn([
    ...begun,
    message("tool", "done", { tool_call_id: "call-1" }),
    message("assistant", "It runs."),
  ] as never);
  await journal.recordWindow({ first_turn: 17, summary: "They spoke of plants.", next: null });
  await journal.close();
  await copyFile(claim.file, path.join(folder, path.basename(claim.file)));
  await claim.release();
  await rm(claimed, { recursive: true });
}

async function makeEngineState(folder: string): Promise<void> {
  const owner = { model: "abc", engine_version: "3.22.1", context_tokens: 512, kv_type: "f16" };
  const data = Buffer.from("keys and values ".repeat(20));
  const content = { owner, tokens: 100, text: "hello", marks: [{ characters: 5, tokens: 90 }], maxBytes: 2 ** 20 };
  await new StateFile(path.join(folder, "engine-state")).save(content, async (file) => {
    await writeFile(file, data);
    return data.length;
  });
}

async function makePage(folder: string): Promise<void> {
  await mkdir(folder);
  await new PageIndex(folder, failOnLog).write(PAGE);
}

function failOnLog({ message }: LogEntry): never {
  throw new Error(String(message));
}

async function makeMeasurement(file: string): Promise<void> {
  const bandwidth = [{ threads: 1, per_second: 8_000_000_000, spread: 0.02 }];
  const dot_products = [{ type: "q4_k" as const, per_second: 4_000_000_000, spread: 0.05 }];
  await writeDeviceMeasurement({ bandwidth, dot_products, contention: 0.1 }, { path: file, now: Date.parse(AT) });
}

/** The stamps of an imported model, facts of a repository, and the bundle of the model. */
async function makeStore(folder: string): Promise<void> {
  const home = path.join(folder, "home");
  const environment = readHubEnvironment({}, { home });
  const file = path.join(home, "tiny-Q8_0.gguf");
  await mkdir(home, { recursive: true });
  await writeFile(file, buildTinyGguf(SMALLEST));
  const { model } = await importModel(file, environment);
  await exportModel(model.name, environment, { output: path.join(folder, "tiny.nanoagent") });
  await copyFile(environment.stampsFile, path.join(folder, "models.json"));
  await rememberLearned(path.join(folder, "catalogue.json"), learnedGone("org/gone", new Date(AT)));
  await rm(home, { recursive: true });
}

async function makeDownload(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const partial = await PartialFile.open(path.join(folder, "tiny.gguf"));
  await partial.begin({ bytes: DOWNLOADED.length, sha256: "ab".repeat(32), gitSha1: null, validator: null });
  await partial.append(DOWNLOADED);
  await partial.finish();
  await partial.close();
}

/** Returns the names of all files in a folder and its subfolders. Numbers that differ from run to run are left out. */
export async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .sort();
}
