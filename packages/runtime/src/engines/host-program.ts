import { embeddingsNotSupported } from "./embeddings.js";
import type { Engine, EngineRequest } from "./engine.js";
import { EngineError } from "./engine-error.js";
import { factsAtStart, factsOf } from "./engine-facts.js";
import {
  HOST_VARIABLE,
  HOST_VERSION,
  type HostAnswer,
  type HostCall,
  type HostedEngineSource,
  type HostReport,
  LOADS_LIBRARY,
  SIGN_OF_LIFE_MILLISECONDS,
  toErrorData,
} from "./host/host-protocol.js";

/** Shortest time between two reports of how far a model is loaded. */
const PROGRESS_MILLISECONDS = 100;

/** An engine that also tells how much it has evaluated. */
interface HostEngine extends Engine {
  readonly evaluatedTokens?: number;
  /** Whether it takes a while to say the form of its calls. Default: false. */
  readonly learnsCallForm?: boolean;
}

/**
 * The process that an engine lives in. It answers the calls of the program that started it, and ends with it: when the
 * channel between them closes there is nobody left to work for, and native code in the middle of a batch is not waited for.
 */
let engine: HostEngine | null = null;
const running = new Map<number, AbortController>();
/** Number of calls that are being answered: while there are any, the host gives signs of life. */
let tasks = 0;

if (process.send === undefined) {
  throw new EngineError({
    code: "engine-unavailable",
    message:
      "This is the program of an engine's process, which nanoagent starts. It runs, and has nothing to do alone.",
    hint: "An app must not import it: it imports @nanoagent/runtime.",
  });
}
// What it might start is not started in place of a host.
delete process.env[HOST_VARIABLE];
const end = () => process.kill(process.pid, "SIGKILL");
process.on("disconnect", end);
// The program may have ended before there was anybody to be told.
if (!process.connected) end();
// Ctrl-C and a service's stop reach the whole group; the program decides what becomes of its engine.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("message", async (call: HostCall) => {
  tasks += 1;
  await answer(call);
  tasks -= 1;
});
setInterval(() => {
  if (tasks > 0) report({ type: "alive", work: engine?.evaluatedTokens ?? 0 });
  else reportCallForm();
}, SIGN_OF_LIFE_MILLISECONDS);
report({ type: "started", version: HOST_VERSION });
// What it will open is still being chosen. What is wrong with the library is said when a model is to be opened.
if (process.argv.includes(LOADS_LIBRARY)) void importLlama().then(({ LlamaEngine }) => LlamaEngine.loadLibrary());

function report(message: HostReport): void {
  // The channel may close between the question and the answer.
  if (process.connected) process.send?.(message);
}

async function answer(call: HostCall): Promise<void> {
  switch (call.type) {
    case "open":
      return open(call.source);
    case "generate":
      return generate(call.id, call.request);
    case "abort":
      running.get(call.id)?.abort();
      return;
    case "count-tokens":
      return reply(call.id, async (engine) => ({
        type: "counted",
        id: call.id,
        tokens: await countTokens(engine, call.texts),
      }));
    case "embed":
      return reply(call.id, async (engine) => ({
        type: "embedded",
        id: call.id,
        vectors: await embed(engine, call.id, call.texts),
      }));
    case "save-state":
      return reply(call.id, async (engine) => ({
        type: "saved",
        id: call.id,
        bytes: (await engine.saveState?.()) ?? null,
      }));
    case "close":
      await engine?.close();
      process.exit(0);
  }
}

async function reply(id: number, question: (engine: HostEngine) => Promise<HostAnswer>): Promise<void> {
  try {
    if (engine === null) throw EngineError.closed("hosted");
    report(await question(engine));
  } catch (error) {
    report({ type: "failed", id, error: toErrorData(error) });
  }
}

async function countTokens(engine: HostEngine, texts: readonly string[]): Promise<number[]> {
  if (engine.countTokensOfAll !== undefined) return engine.countTokensOfAll(texts);
  return Promise.all(texts.map((text) => engine.countTokens(text)));
}

async function embed(engine: HostEngine, id: number, texts: readonly string[]): Promise<number[][]> {
  if (engine.embed === undefined) throw embeddingsNotSupported(engine.name);
  const abort = new AbortController();
  running.set(id, abort);
  try {
    return await engine.embed(texts, { signal: abort.signal });
  } finally {
    running.delete(id);
  }
}

async function open(source: HostedEngineSource): Promise<void> {
  try {
    engine = await openSource(source);
    told = engine.notices ?? [];
    hasToldCallForm = engine.learnsCallForm !== true;
    const facts = hasToldCallForm ? factsOf(engine) : factsAtStart(engine);
    report({ type: "opened", facts });
  } catch (error) {
    report({ type: "open-failed", error: toErrorData(error) });
  }
}

async function openSource(source: HostedEngineSource): Promise<HostEngine> {
  if (source.kind === "module") {
    const { openEngine } = (await import(source.url)) as { openEngine: (options: object) => Engine | Promise<Engine> };
    return openEngine(source.options);
  }
  const { LlamaEngine } = await importLlama();
  let reportedAt = Number.NEGATIVE_INFINITY;
  return LlamaEngine.open(source.options as Parameters<typeof LlamaEngine.open>[0], (share) => {
    // A loader says so for every tensor.
    const now = performance.now();
    if (now - reportedAt < PROGRESS_MILLISECONDS && share < 1) return;
    reportedAt = now;
    report({ type: "progress", share });
  });
}

function importLlama() {
  return import("./llama/llama-engine.js");
}

let hasToldCallForm = false;

/** Learning the form takes longer than all else that a start does with templates, and nothing of the first reply needs it. */
function reportCallForm(): void {
  if (engine === null || hasToldCallForm) return;
  hasToldCallForm = true;
  report({ type: "call-form", callForm: engine.callForm });
}

/** Notices that the program has been told. */
let told: readonly string[] = [];

function reportNotices({ notices = [] }: Engine): void {
  for (const notice of notices) if (!told.includes(notice)) report({ type: "notice", notice });
  told = notices;
}

async function generate(id: number, request: EngineRequest): Promise<void> {
  if (engine === null) {
    report({ type: "event", id, event: { type: "error", error: toErrorData(EngineError.closed("hosted")) } });
    return;
  }
  const abort = new AbortController();
  running.set(id, abort);
  try {
    for await (const event of engine.generate(request, { signal: abort.signal })) {
      const own = event.type === "error" ? { ...event, error: toErrorData(event.error) } : event;
      const isLast = event.type === "end" || event.type === "error";
      if (isLast) reportNotices(engine);
      report({ type: "event", id, event: own });
      if (isLast) reportCallForm();
    }
  } catch (error) {
    report({ type: "event", id, event: { type: "error", error: toErrorData(error) } });
  } finally {
    running.delete(id);
  }
}
