// Child process: `node reply-child.mjs CONTENDER WORK`, with WORK as JSON, reads a long prompt and writes a reply. It
// prints the cost of both as JSON.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { agentConfig } from "./agent-config.mjs";
import { cpuMillisecondsOfTree } from "./process-tree.mjs";
import { chatMl, FIRST_MESSAGE, INSTRUCTIONS, logBook, QUESTION } from "./reply-texts.mjs";

/** @typedef {import("./model-task.mjs").Work} Work */
/** @typedef {{ prefill: Work, decode: Work }} Replies */

/**
 * @typedef {object} ReplyWork
 * @property {string} modelPath
 * @property {number} threads
 * @property {number} promptLines
 * @property {number} replyTokens
 * @property {number} mostMilliseconds time limit for reading, and for writing
 * @property {number} [batchTokens] for direct calls of llama.cpp
 * @property {string} libraries folder with nanoagent's packages
 * @property {string} addonPackage
 * @property {string} [llamaServer]
 * @property {string} [nodeLlamaCpp] folder with that package
 */

/** Measures wall time and processor time of a reply, before and after its first text. */
class Watch {
  #processId;
  #began;
  /** @type {{ cpu: number, wall: number } | null} */
  #first = null;

  /** @param {number} processId root of the process tree that does the work */
  constructor(processId) {
    this.#processId = processId;
    this.#began = this.#now();
  }

  sawText() {
    this.#first ??= this.#now();
  }

  /** @param {{ prompt_tokens: number, completion_tokens: number, cached_prompt_tokens?: number }} usage @returns {Replies} */
  end({ prompt_tokens, completion_tokens, cached_prompt_tokens = 0 }) {
    const ended = this.#now();
    const first = this.#first ?? ended;
    const between = (
      /** @type {typeof ended} */ from,
      /** @type {typeof ended} */ to,
      /** @type {number} */ tokens,
    ) => ({
      tokens,
      cpu_ms: to.cpu - from.cpu,
      wall_ms: to.wall - from.wall,
    });
    return {
      prefill: between(this.#began, first, prompt_tokens - cached_prompt_tokens),
      decode: between(first, ended, completion_tokens - 1),
    };
  }

  #now() {
    return { cpu: cpuMillisecondsOfTree(this.#processId), wall: performance.now() };
  }
}

/** @type {Readonly<Record<string, (work: ReplyWork) => Promise<Replies>>>} */
const contenders = { bare, library, "llama-server": server, "node-llama-cpp": nodeLlamaCpp };

const [, , contender = "", text = "{}"] = process.argv;
const reply = contenders[contender];
if (reply === undefined) throw new TypeError(`Unknown contender "${contender}"`);
const replies = await reply(JSON.parse(text));
process.stdout.write(JSON.stringify(replies), () => process.exit());

/** @param {ReplyWork} work @returns {Promise<Replies>} */
async function bare({ promptLines, batchTokens = 64, ...work }) {
  const { runBareLoop } = await import("./bare-loop.mjs");
  const prompt = chatMl(logBook(promptLines));
  const task = { ...work, batchTokens, contextTokens: 4096, shortPrompt: chatMl(FIRST_MESSAGE) };
  return runBareLoop(work.addonPackage, { ...task, prompt, question: chatMl(QUESTION, "<|im_end|>\n") });
}

/** nanoagent as an app embeds it, with planner, guard and host. @param {ReplyWork} work @returns {Promise<Replies>} */
async function library({ modelPath, threads, promptLines, replyTokens, libraries }) {
  const { resolve } = createRequire(pathToFileURL(path.join(libraries, "package.json")));
  const { NanoRuntime } = await import(pathToFileURL(resolve("@nanoagent/runtime")).href);
  const runtime = new NanoRuntime();
  await runtime.load(agentConfig(modelPath, { threads, maxTokens: replyTokens }));
  const ask = async (/** @type {string} */ message) => {
    const watch = new Watch(process.pid);
    for await (const event of runtime.stream(message)) {
      if (event.type === "error") throw event.error;
      if (event.type === "text-delta") watch.sawText();
      if (event.type === "run-end") return watch.end(event.usage);
    }
    throw new Error("a turn ended without a run-end");
  };
  await ask(FIRST_MESSAGE);
  runtime.reset();
  const { prefill } = await ask(logBook(promptLines));
  const { decode } = await ask(QUESTION);
  await runtime.unload();
  return { prefill, decode };
}

/** @param {ReplyWork} work @returns {Promise<Replies>} */
async function server({ llamaServer = "", modelPath, threads, promptLines, replyTokens, mostMilliseconds }) {
  const { startLlamaServer } = await import("../act/llama-server.mjs");
  const { url, processId, stop } = await startLlamaServer(llamaServer, modelPath, { threads, contextTokens: 4096 });
  const ask = async (/** @type {string} */ prompt, /** @type {number} */ most) => {
    const watch = new Watch(processId);
    const settings = { n_predict: most, stream: true, temperature: 0, cache_prompt: true, timings_per_token: true };
    const body = JSON.stringify({ prompt, ...settings });
    const cut = AbortSignal.timeout(2 * mostMilliseconds);
    let tokens = 0;
    let timings = { prompt_n: Number.NaN };
    try {
      const answer = await fetch(`${url}/completion`, { method: "POST", body, signal: cut });
      for await (const event of readEvents(answer)) {
        if (event.content !== "") tokens++;
        if (event.content !== "") watch.sawText();
        if (event.timings !== undefined) ({ timings } = event);
      }
    } catch (error) {
      // Work up to the time limit counts.
      if (!cut.aborted) throw error;
      if (tokens === 0) throw new Error(`no reply after ${(2 * mostMilliseconds) / 1000} s`);
    }
    return watch.end({ prompt_tokens: timings.prompt_n, completion_tokens: tokens });
  };
  await ask(chatMl(FIRST_MESSAGE), 2);
  const prompt = chatMl(logBook(promptLines));
  const { prefill } = await ask(prompt, 2);
  const { decode } = await ask(chatMl(QUESTION, `${prompt}<|im_end|>\n`), replyTokens);
  await stop();
  return { prefill, decode };
}

/** @param {ReplyWork} work @returns {Promise<Replies>} */
async function nodeLlamaCpp({ nodeLlamaCpp: folder = "", modelPath, threads, promptLines, replyTokens }) {
  const { importFromFolder } = await import("../import-from-folder.mjs");
  const { getLlama, LlamaChatSession } = await (await importFromFolder(folder))("node-llama-cpp");
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: "error" });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: 4096, threads });
  const sequence = context.getSequence();
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: INSTRUCTIONS });
  const ask = async (/** @type {string} */ message) => {
    const before = { ...sequence.tokenMeter.getState() };
    const watch = new Watch(process.pid);
    const onTextChunk = () => watch.sawText();
    await session.prompt(message, { temperature: 0, maxTokens: replyTokens, onTextChunk });
    const after = sequence.tokenMeter.getState();
    const more = (/** @type {string} */ key) => after[key] - before[key];
    return watch.end({ prompt_tokens: more("usedInputTokens"), completion_tokens: more("usedOutputTokens") });
  };
  await ask(FIRST_MESSAGE);
  const { prefill } = await ask(logBook(promptLines));
  const { decode } = await ask(QUESTION);
  return { prefill, decode };
}

/** Yields the events of a server's stream. @param {Response} answer @returns {AsyncGenerator<any>} */
async function* readEvents(answer) {
  if (!answer.ok || answer.body === null) throw new Error(`llama-server answered ${answer.status}`);
  let rest = "";
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: {")) yield JSON.parse(line.slice("data: ".length));
  }
}
