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

/** Shortest time between two reports of loading progress. */
const PROGRESS_MILLISECONDS = 100;

/** An engine that also reports its progress. */
interface HostEngine extends Engine {
  readonly evaluatedTokens?: number;
  /** Whether `callForm` takes a while to determine. Default: false. */
  readonly learnsCallForm?: boolean;
}

/**
 * The engine of this process. The process answers calls of the program that started it and ends with it: when the
 * channel closes, it kills itself at once, because native code may be in the middle of a long batch.
 */
let engine: HostEngine | null = null;
const running = new Map<number, AbortController>();
/** Number of calls in progress. While it is above 0, the host sends signs of life. */
let tasks = 0;

if (process.send === undefined) {
  throw new EngineError({
    code: "engine-unavailable",
    message: "This program runs an engine in a separate process. Only nanoagent can start it.",
    hint: "Import @nanoagent/runtime instead.",
  });
}
// Programs that this process starts must not act as hosts.
delete process.env[HOST_VARIABLE];
const end = () => process.kill(process.pid, "SIGKILL");
process.on("disconnect", end);
// The parent may have ended before the listener was added.
if (!process.connected) end();
// Ctrl-C and a service's stop signal reach the whole process group. The parent decides when its engine ends.
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
// Loads the library while the parent still plans. Load errors are reported when a model is opened.
if (process.argv.includes(LOADS_LIBRARY)) void importLlama().then(({ LlamaEngine }) => LlamaEngine.loadLibrary());

function report(message: HostReport): void {
  // The channel may close before the answer is sent.
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
    // The loader reports progress for every tensor.
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

/**
 * Reports the call format late, because determining it takes longer than all other template work at startup and the
 * first reply does not need it.
 */
function reportCallForm(): void {
  if (engine === null || hasToldCallForm) return;
  hasToldCallForm = true;
  report({ type: "call-form", callForm: engine.callForm });
}

/** Notices that were already reported. */
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
