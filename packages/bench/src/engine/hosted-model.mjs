import { existsSync, readFileSync, rmSync } from "node:fs";
import { importFromFolder } from "../import-from-folder.mjs";
import { longConversation } from "./model-task.mjs";

const TURNS = 200;
const EVENTS = 5000;
const talkativeModule = new URL("./talkative-engine.mjs", import.meta.url).href;
const WARM_TURNS = 20;
/** @typedef {{ name: string, resident_bytes: number, reserved_bytes: number }} LedgerLine */
/** Ledger lines of memory that every program with this model allocates. */
const BUFFERS = new Set(["kv-cache", "compute-buffer", "output-buffer"]);
const SCHEMA = {
  type: "object",
  properties: { place: { type: "string", maxLength: 24 }, ships: { type: "integer", minimum: 0, maximum: 99 } },
  required: ["place", "ships"],
  additionalProperties: false,
};

/**
 * Measures nanoagent's engine in its host: memory, turns, restarts.
 *
 * @param {string} folder with the packages installed
 * @param {import("./model-task.mjs").ModelTask} task
 */
export async function openHostedModel(folder, task) {
  const importHere = await importFromFolder(folder);
  const { HostedEngine } = await importHere("@nanoagent/runtime/engines/llama");
  const { readGguf, memoryLedger } = await importHere("@nanoagent/optimizer");
  const { modelPath, contextTokens, batchTokens, threads } = task;
  const header = await readGguf(modelPath);
  const options = {
    modelPath,
    contextTokens,
    batchTokens,
    prefillThreads: threads,
    decodeThreads: threads,
    mapsFile: true,
    kvType: "f16",
    chatTemplate: header.tokenizer.chat_template,
    constrainsOutput: true,
    stateFile: /** @type {string | null} */ (null),
  };
  /** @param {object} changes */
  const open = (changes = {}) =>
    HostedEngine.open({ start: { source: { kind: "llama", options: { ...options, ...changes } } } });
  const engine = await open();

  return { ask: () => askOnce(), grow, respawn, restart, close: () => engine.close() };

  async function askOnce() {
    await ask(engine, task.shortPrompt, { maxTokens: 1 });
    await ask(engine, task.prompt, { maxTokens: task.replyTokens });
    const memory = residentOf(await engine.processId());
    const lines = memoryLedger({
      header,
      contextTokens,
      batchTokens,
      kvType: "f16",
      mapsFile: true,
      cpuFeatures: null,
    }).lines;
    const buffers = lines.filter((/** @type {LedgerLine} */ { name }) => BUFFERS.has(name));
    const sum = (/** @type {"resident_bytes" | "reserved_bytes"} */ key) =>
      buffers.reduce((/** @type {number} */ total, /** @type {LedgerLine} */ line) => total + line[key], 0);
    await ask(engine, "A place and its ships, as JSON.", { maxTokens: 64 }, SCHEMA);
    const constrained = residentOf(await engine.processId());
    return {
      event_us: await timeEvents(),
      own_bytes: memory.anonymous - sum("reserved_bytes"),
      own_bytes_beside_touched: memory.anonymous - sum("resident_bytes"),
      own_bytes_with_grammar: constrained.anonymous - sum("reserved_bytes"),
    };
  }

  /** Measures the transport of an event from an idle host. */
  async function timeEvents() {
    const source = { kind: "module", url: talkativeModule, options: { events: EVENTS } };
    const talkative = await HostedEngine.open({ start: { source } });
    const { firstText, ended } = await ask(talkative, "Go on.", {});
    await talkative.close();
    return ((ended - firstText.at) / EVENTS) * 1000;
  }

  /** Measures the growth of the host's memory over many turns. */
  async function grow() {
    const turn = (/** @type {number} */ index) => ask(engine, `Turn ${index}.`, { maxTokens: 4, seed: index });
    for (let index = 0; index < WARM_TURNS; index++) await turn(index);
    const before = residentOf(await engine.processId());
    for (let index = 0; index < TURNS; index++) await turn(index);
    const after = residentOf(await engine.processId());
    return { growth_bytes: after.anonymous + after.file - before.anonymous - before.file };
  }

  /** Measures the time from a kill to the next answer. */
  async function respawn() {
    const processId = await engine.processId();
    const killed = performance.now();
    process.kill(processId, "SIGKILL");
    while ((await engine.processId()) === processId) await new Promise((resolve) => setTimeout(resolve, 1));
    await engine.countTokens("ready?");
    return { respawn_ms: performance.now() - killed };
  }

  /** Measures the first token of a long conversation after a start, with and without saved state. */
  async function restart() {
    const stateFile = `${modelPath}.bench-state`;
    const time = async () => {
      const start = performance.now();
      const restarted = await open({ stateFile, contextTokens: 2 * contextTokens });
      const { firstText } = await ask(restarted, longConversation, { maxTokens: 2 });
      await restarted.close();
      return firstText.at - start;
    };
    try {
      const cold = await time();
      return { cold_ms: cold, restored_ms: await time() };
    } finally {
      for (const name of [`${stateFile}.kv`, `${stateFile}.json`]) if (existsSync(name)) rmSync(name);
    }
  }
}

/**
 * @param {any} engine
 * @param {string} content
 * @param {object} sampling
 * @param {object} [responseSchema]
 */
async function ask(engine, content, sampling, responseSchema) {
  let at = 0;
  const request = {
    instructions: null,
    messages: [{ role: "user", content }],
    // As in the loop that it is compared with: the likeliest token, without penalties.
    sampling: { temperature: 0, repeatPenalty: 1, ...sampling },
    responseSchema,
  };
  for await (const event of engine.generate(request)) {
    if (event.type === "text-delta" && at === 0) at = performance.now();
    if (event.type === "error") throw event.error;
  }
  const ended = performance.now();
  return { firstText: { at: at || ended }, ended };
}

/** @param {number} processId */
function residentOf(processId) {
  const status = readFileSync(`/proc/${processId}/status`, "utf8");
  const bytes = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]) * 1024;
  return { anonymous: bytes("RssAnon"), file: bytes("RssFile") };
}
