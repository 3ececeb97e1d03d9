// Child process: `node abort-child.mjs FOLDER MODEL TIMES` aborts a reply while its prompt is read and while it is
// written. It prints as JSON when the reply ended, and when the engine was free for the next one.
import { importFromFolder } from "../import-from-folder.mjs";
import { agentConfig } from "./agent-config.mjs";
import { logBook } from "./reply-texts.mjs";

const [, , folder = "", modelPath = "", times = "3"] = process.argv;
/** Length of the prompt: long enough that the abort comes while it is read. */
const READING_MILLISECONDS = 400;
const PROMPT_LINES = 60;
const NEXT = "Say yes.";
const OTHER = "What is a lighthouse?";

/** @typedef {{ reply_ms: number, free_ms: number }} Aborted */

const { NanoRuntime } = await (await importFromFolder(folder))("@nanoagent/runtime");
const runtime = new NanoRuntime();
await runtime.load(agentConfig(modelPath, { threads: 1, maxTokens: 400 }));
await firstText(NEXT);
/** @type {Aborted[]} */
const reading = [];
/** @type {Aborted[]} */
const writing = [];
for (let time = 0; time < Number(times); time++) {
  // The number comes first, so that no part of the prompt is cached.
  const prompt = `Book ${time + 1}.\n${logBook(PROMPT_LINES)}`;
  reading.push(await abort(prompt, (_, cut) => void setTimeout(cut, READING_MILLISECONDS)));
  writing.push(await abort(`Tell me a long story about ship ${time + 1}.`, (begun, cut) => void begun.then(cut)));
}
await runtime.unload();
process.stdout.write(JSON.stringify({ reading, writing }), () => process.exit());

/**
 * @param {string} message
 * @param {(begun: Promise<void>, cut: () => void) => void} plan when to abort it
 * @returns {Promise<Aborted>}
 */
async function abort(message, plan) {
  const controller = new AbortController();
  let cutAt = 0;
  let begin = () => {};
  /** @type {Promise<void>} */
  const begun = new Promise((resolve) => {
    begin = resolve;
  });
  plan(begun, () => {
    cutAt = performance.now();
    controller.abort();
  });
  runtime.reset();
  for await (const event of runtime.stream(message, { signal: controller.signal })) {
    if (event.type === "text-delta") begin();
  }
  const ended = performance.now();
  if (cutAt === 0) throw new Error("the reply ended before it was aborted");
  // The same message twice, each after a different one: the first waits for the engine, the second shows its own time.
  const waiting = await firstText(NEXT);
  await firstText(OTHER);
  const alone = await firstText(NEXT);
  return { reply_ms: ended - cutAt, free_ms: waiting - alone };
}

/** @param {string} message @returns {Promise<number>} milliseconds to the first text of the reply */
async function firstText(message) {
  runtime.reset();
  const asked = performance.now();
  const controller = new AbortController();
  let at = 0;
  for await (const event of runtime.stream(message, { signal: controller.signal })) {
    if (event.type === "error" && at === 0) throw event.error;
    if (event.type !== "text-delta" || at !== 0) continue;
    at = performance.now();
    controller.abort();
  }
  if (at === 0) throw new Error("a reply had no text");
  return at - asked;
}
