import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importOwn } from "./own-packages.mjs";

// Child process: `node resident-memory.mjs NAME TYPE CONTEXT BATCH` compares the ledger's peak for a model with the
// peak of its process over a conversation that fills the context. NAME is a known model or a GGUF file. Prints a row as
// JSON.

const MEGABYTE = 2 ** 20;
/** Turns after the one that fills the context. */
const TURNS = 8;
const REPLY_TOKENS = 16;

const [name = "", type = "", context = "", batch = ""] = process.argv.slice(2);
const contextTokens = Number(context);
const batchTokens = Number(batch);
const { HostedEngine } = await importOwn("@nanoagent/runtime/engines/llama");
const { planHeader, readGguf } = await importOwn("@nanoagent/optimizer");
const { writeKnownModel } = await importOwn("@nanoagent/optimizer/testing");
const { LocalMachine, readCpuFeatures } = await importOwn("@nanoagent/profiler");

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-resident-"));
try {
  const isFile = name.endsWith(".gguf");
  const file = isFile ? name : path.join(folder, "model.gguf");
  if (!isFile) await writeKnownModel(file, name, type);
  const header = await readGguf(file);
  const plan = planHeader(header, {
    device: { device_id: "here", platform: "linux-x86_64", memory_mb: 1, cpu_cores: 2, has_gpu: false },
    budget_bytes: Number.POSITIVE_INFINITY,
    context_tokens: contextTokens,
    batch_tokens: batchTokens,
    cpu_features: await readCpuFeatures(new LocalMachine()),
  });
  const options = {
    modelPath: file,
    contextTokens,
    batchTokens,
    prefillThreads: 1,
    decodeThreads: 1,
    mapsFile: plan.maps_file,
    kvType: plan.kv_type,
    chatTemplate: header.tokenizer.chat_template ?? "{% for message in messages %}{{ message.content }}\n{% endfor %}",
    constrainsOutput: false,
    stateFile: null,
  };
  // A limit on reserved memory makes thread stacks small, as always when an agent runs a model.
  const limits = { dataBytes: plan.ledger.peak_reserved_bytes + 256 * MEGABYTE };
  const engine = await HostedEngine.open({ start: { source: { kind: "llama", options } }, limits });
  const processId = await engine.processId();
  const perPhrase = await engine.countTokens("one thing and another ".repeat(20));
  const phrases = Math.floor((20 * (contextTokens - 3 * REPLY_TOKENS - 64)) / perPhrase);
  await ask(engine, "one thing and another ".repeat(phrases));
  for (let turn = 0; turn < TURNS; turn++) await ask(engine, `Turn ${turn}.`);
  const taken = statusOf(processId);
  await engine.close();
  process.stdout.write(
    `${JSON.stringify({
      model: isFile ? path.basename(name, ".gguf") : name,
      type: isFile ? "unchanged" : type,
      maps_file: plan.maps_file,
      context_tokens: contextTokens,
      batch_tokens: batchTokens,
      ledger_bytes: plan.ledger.peak_resident_bytes,
      ...taken,
    })}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {any} engine @param {string} content */
async function ask(engine, content) {
  const request = {
    instructions: null,
    messages: [{ role: "user", content }],
    sampling: { temperature: 0, maxTokens: REPLY_TOKENS },
  };
  for await (const event of engine.generate(request)) if (event.type === "error") throw event.error;
}

/** @param {number} processId */
function statusOf(processId) {
  const status = readFileSync(`/proc/${processId}/status`, "utf8");
  const bytes = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]) * 1024;
  return {
    peak_bytes: bytes("VmHWM"),
    anonymous_bytes: bytes("RssAnon"),
    file_bytes: bytes("RssFile"),
    reserved_bytes: bytes("VmData"),
  };
}
