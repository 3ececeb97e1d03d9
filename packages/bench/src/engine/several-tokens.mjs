import { pairRatios, runInPairs } from "../paired-runs.mjs";

/** @typedef {{ kind: string, prompt: string, maxTokens: number }} Text */

/**
 * CPU time per token, pair by pair, as a multiple of the base.
 *
 * @typedef {object} TextFigures
 * @property {string} kind
 * @property {number[]} ratios
 * @property {number} tokens of one reply
 * @property {number} [same] share of replies with the same text as without drafts
 */

const LETTER = `Dear Ms. Okafor,
thank you for your order 48213 of 14 March. The two oak shelves (model Lindholm 120) left our warehouse in Aarhus this morning
and should reach you by Friday the 21st. The reading lamp that you added later is out of stock until April 9; we will send it
separately and at no cost. If you would rather have the brass lamp, reply to this letter before Thursday noon.
Kind regards, Tomas Brandt, Nordlys Furniture, phone +45 8612 0934`;

const CODE = `export function parseTemperature(line: string): number | null {
  const match = /^T=(-?\\d+(?:\\.\\d+)?)C$/.exec(line.trim());
  if (match === null) return null;
  const value = Number(match[1]);
  if (value < -80 || value > 125) return null;
  return value;
}

export function averageTemperature(lines: string[]): number | null {
  const values = lines.map(parseTemperature).filter((value) => value !== null);
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}`;

const RECORD = `sensor: hall-3; place: entrance hall, ground floor; temperature: 19.4; humidity: 47; battery: 82; firmware: 2.7.1; owner:
facility-team@example.org; last seen: 2026-03-14T08:15:00Z; note: replaced the filter on Monday`;

/** @type {readonly Text[]} */
const texts = [
  { kind: "quote", prompt: `Repeat this letter word for word, and nothing else:\n\n${LETTER}`, maxTokens: 140 },
  { kind: "summary", prompt: `Summarize this letter in three sentences:\n\n${LETTER}`, maxTokens: 110 },
  {
    kind: "edit",
    prompt: `Rename the variable "value" to "celsius" in this code. Answer with the whole code only.\n\n\`\`\`ts\n${CODE}\n\`\`\``,
    maxTokens: 160,
  },
  { kind: "json", prompt: `Write this record as JSON, one key a line, and nothing else:\n\n${RECORD}`, maxTokens: 130 },
  {
    kind: "chat",
    prompt: "What should I think of before I get a dog? Tell me as you would tell a friend.",
    maxTokens: 130,
  },
];

const RECORD_SCHEMA = {
  type: "object",
  properties: {
    sensor: { type: "string", maxLength: 24 },
    place: { type: "string", maxLength: 40 },
    temperature_celsius: { type: "number", minimum: -80, maximum: 125 },
    humidity_percent: { type: "integer", minimum: 0, maximum: 100 },
    battery_percent: { type: "integer", minimum: 0, maximum: 100 },
    unit: { enum: ["celsius"] },
    firmware: { type: "string", maxLength: 12 },
  },
  required: ["sensor", "place", "temperature_celsius", "humidity_percent", "battery_percent", "unit", "firmware"],
  additionalProperties: false,
};

const TOOL = {
  name: "set_heating",
  description: "Sets the heating of a room.",
  inputSchema: {
    type: "object",
    properties: {
      room: { type: "string", enum: ["bedroom", "kitchen", "living room"] },
      temperature_celsius: { type: "number", minimum: 5, maximum: 30 },
      mode: { type: "string", enum: ["eco", "comfort"] },
      duration_minutes: { type: "integer", minimum: 1, maximum: 600 },
    },
    required: ["room", "temperature_celsius", "mode", "duration_minutes"],
    additionalProperties: false,
  },
};

/**
 * Measures the effect of several tokens per step: each text with and without drafts, in pairs, and a record and a call
 * compared with free text. CPU time of this process, which runs the engine itself.
 *
 * @param {(name: string) => Promise<any>} importHere imports nanoagent's packages
 * @param {{ modelPath: string, pairs?: number, threads?: number, progress?: (what: string) => void }} options
 * @returns {Promise<{ lookup: TextFigures[], grammar: TextFigures[] }>}
 */
export async function measureSeveralTokens(importHere, { modelPath, pairs = 3, threads = 1, progress = () => {} }) {
  const { LlamaEngine } = await importHere("@nanoagent/runtime/engines/llama");
  const { readGguf } = await importHere("@nanoagent/optimizer");
  const { tokenizer } = await readGguf(modelPath);
  const options = {
    modelPath,
    contextTokens: 1536,
    batchTokens: 64,
    prefillThreads: threads,
    decodeThreads: threads,
    mapsFile: true,
    kvType: "f16",
    chatTemplate: tokenizer.chat_template,
    constrainsOutput: true,
    stateFile: null,
  };
  const plain = await LlamaEngine.open({ ...options, draftTokens: 0 });
  const drafting = await LlamaEngine.open(options);
  /** @param {string} name @param {any} engine @param {any} request */
  const runner = (name, engine, request) => ({
    name,
    run: async () => {
      await warm(engine, request);
      return ask(engine, request);
    },
  });
  /** @type {TextFigures[]} */
  const lookup = [];
  for (const { kind, prompt, maxTokens } of texts) {
    progress(kind);
    const request = requestOf(prompt, { maxTokens });
    const outcomes = await runInPairs([runner("plain", plain, request), runner("drafts", drafting, request)], {
      pairs,
    });
    const [plainRuns, draftRuns] = [figuresOf(outcomes.plain), figuresOf(outcomes.drafts)];
    const same = draftRuns.filter(({ text }, pair) => text === plainRuns[pair]?.text).length / pairs;
    lookup.push({
      kind,
      ratios: pairRatios(draftRuns, plainRuns, cpuPerToken),
      tokens: draftRuns[0]?.tokens ?? 0,
      same,
    });
  }
  /** @type {TextFigures[]} */
  const grammar = [];
  const free = requestOf(texts[4]?.prompt ?? "", { maxTokens: 60 });
  const constrained = {
    record: {
      ...requestOf(`Write this record as JSON:\n\n${RECORD}`, { maxTokens: 200 }),
      responseSchema: RECORD_SCHEMA,
    },
    call: {
      ...requestOf("Heat the kitchen to 21.5 degrees in eco mode for 90 minutes.", { maxTokens: 200 }),
      tools: [TOOL],
      toolChoice: "required",
    },
  };
  for (const [kind, request] of Object.entries(constrained)) {
    progress(kind);
    const outcomes = await runInPairs([runner("free", plain, free), runner("held", drafting, request)], { pairs });
    const [freeRuns, heldRuns] = [figuresOf(outcomes.free), figuresOf(outcomes.held)];
    grammar.push({ kind, ratios: pairRatios(heldRuns, freeRuns, cpuPerToken), tokens: heldRuns[0]?.tokens ?? 0 });
  }
  await plain.close();
  await drafting.close();
  return { lookup, grammar };
}

/** @typedef {{ text: string, tokens: number, cpu: number }} Told */

/** @param {Told} told */
function cpuPerToken({ cpu, tokens }) {
  return cpu / tokens;
}

/** @param {import("../paired-runs.mjs").Outcome<Told> | undefined} outcome */
function figuresOf(outcome) {
  if (outcome === undefined || outcome.failure !== null) throw outcome?.failure;
  return outcome.figures;
}

/**
 * @param {string} content
 * @param {object} sampling
 */
function requestOf(content, sampling) {
  return {
    instructions: null,
    messages: [{ role: "user", content }],
    sampling: { temperature: 0, repeatPenalty: 1, ...sampling },
  };
}

/**
 * Lets an engine read a prompt, so that only the reply is measured afterwards.
 *
 * @param {any} engine
 * @param {any} request
 */
async function warm(engine, request) {
  await ask(engine, { ...request, responseSchema: undefined, sampling: { ...request.sampling, maxTokens: 1 } });
}

/**
 * @param {any} engine
 * @param {object} request
 */
async function ask(engine, request) {
  const before = process.cpuUsage();
  let text = "";
  let tokens = 0;
  for await (const event of engine.generate(request)) {
    if (event.type === "text-delta") text += event.text;
    if (event.type === "tool-call") text += JSON.stringify(event.call.arguments);
    if (event.type === "usage") tokens = event.usage.completion_tokens;
    if (event.type === "error" && event.error.code !== "call-not-valid") throw event.error;
  }
  const { user, system } = process.cpuUsage(before);
  return { text, tokens: Math.max(tokens, 1), cpu: (user + system) / 1000 };
}
