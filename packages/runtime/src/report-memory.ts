import { BYTES_PER_MB, type MemoryProbe, type NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engines/engine.js";
import type { OpenEngineOptions } from "./engines/engine-options.js";
import { MemoryAccount } from "./memory/memory-account.js";
import type { MemoryReport } from "./memory/memory-report.js";
import { processView } from "./memory/process-view.js";
import { SteadyProbe } from "./memory/steady-probe.js";

/** Least time between two collections that are forced: each stops the program for tens of milliseconds. */
const COLLECT_EVERY_MILLISECONDS = 500;
/** V8 frees large buffers on another thread after a collection. */
const COLLECT_MILLISECONDS = 50;
const COLLECT_ATTEMPTS = 2;

/** When garbage was last collected here. */
let collectedAt = Number.NEGATIVE_INFINITY;

interface ReportOptions extends Pick<OpenEngineOptions, "memory" | "ownsProgram" | "baseBytes" | "toolMemory"> {
  /** Whether a model lives in this program. Default: false. */
  hasModelInside?: boolean | undefined;
}

/** One for each probe, so that a probe that hangs is not asked again, and its last reading counts. */
const steadyProbes = new WeakMap<MemoryProbe, SteadyProbe>();
let ownProbe: MemoryProbe | null = null;

/** Reports what an agent takes of its budget, by the account that the budget is enforced with. */
export async function reportMemory(
  { spec, device, engine: settings }: Pick<NanoAgentConfig, "spec" | "device" | "engine">,
  engine: Pick<Engine, "memory">,
  options: ReportOptions,
): Promise<MemoryReport> {
  const profiler = await importProfiler();
  if (profiler !== null) ownProbe ??= new profiler.DeviceMemoryProbe();
  const probe = options.memory ?? ownProbe;
  const hasModelInside = engine.memory !== undefined && settings?.isolation === "none";
  const engineMemory = (await engine.memory?.()) ?? null;
  return {
    limit_bytes: Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB,
    ...(await accountOf(profiler, { ...options, hasModelInside }).use(engineMemory?.process ?? null)),
    tools_limit_bytes: options.toolMemory?.limitBytes ?? null,
    tools_enforcement: options.toolMemory?.enforcement ?? null,
    engine: engineMemory,
    device: probe === null ? null : await steadyProbeOf(probe).read(),
  };
}

function steadyProbeOf(probe: MemoryProbe): SteadyProbe {
  const steady = steadyProbes.get(probe) ?? new SteadyProbe(probe);
  steadyProbes.set(probe, steady);
  return steady;
}

/**
 * Returns the bytes that an agent without an engine's process takes. Where that is more than so many, garbage is collected
 * before the figure is final: memory that the program could give back does not count.
 */
export async function measureProgram(limitBytes: number, options: ReportOptions): Promise<number> {
  const account = accountOf(await importProfiler(), options);
  const most = await account.atMost(null);
  if (most <= limitBytes) return most;
  let { used_bytes } = await account.use(null);
  if (performance.now() - collectedAt < COLLECT_EVERY_MILLISECONDS) return used_bytes;
  for (let attempt = 0; attempt < COLLECT_ATTEMPTS && used_bytes > limitBytes; attempt++) {
    await collectGarbage();
    used_bytes = (await account.use(null)).used_bytes;
  }
  collectedAt = performance.now();
  return used_bytes;
}

/** Without the profiler a program knows its own size, and nothing of the device. */
async function importProfiler(): Promise<typeof import("@nanoagent/profiler") | null> {
  return import("@nanoagent/profiler").catch(() => null);
}

function accountOf(
  profiler: typeof import("@nanoagent/profiler") | null,
  { ownsProgram = false, baseBytes = 0, hasModelInside, toolMemory }: ReportOptions,
): MemoryAccount {
  const toolProcesses = () => toolMemory?.processes ?? [];
  return new MemoryAccount({ processes: processView(profiler), ownsProgram, baseBytes, hasModelInside, toolProcesses });
}

/** Has V8 collect all garbage, and waits while it gives the pages back. Does nothing on another JavaScript engine. */
async function collectGarbage(): Promise<void> {
  try {
    const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import("node:v8"), import("node:vm")]);
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    await new Promise((resolve) => setTimeout(resolve, COLLECT_MILLISECONDS));
  } catch {
    // A program without it is measured as it is.
  }
}
