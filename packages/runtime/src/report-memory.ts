import { BYTES_PER_MB, type MemoryProbe, type NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engines/engine.js";
import type { OpenEngineOptions } from "./engines/engine-options.js";
import { MemoryAccount } from "./memory/memory-account.js";
import type { MemoryReport } from "./memory/memory-report.js";
import { processView } from "./memory/process-view.js";
import { SteadyProbe } from "./memory/steady-probe.js";

/** Shortest time between two forced collections. Each stops the program for tens of milliseconds. */
const COLLECT_EVERY_MILLISECONDS = 500;
/** Time after a collection in which V8 frees large buffers on another thread. */
const COLLECT_MILLISECONDS = 50;
const COLLECT_ATTEMPTS = 2;

/** Time of the last collection in this program. */
let collectedAt = Number.NEGATIVE_INFINITY;

interface ReportOptions extends Pick<OpenEngineOptions, "memory" | "ownsProgram" | "baseBytes" | "toolMemory"> {
  /** Whether a model runs inside this program. Default: false. */
  hasModelInside?: boolean | undefined;
}

/** One steady probe for each probe, so that a hanging probe is not read again and its last reading is used. */
const steadyProbes = new WeakMap<MemoryProbe, SteadyProbe>();
let ownProbe: MemoryProbe | null = null;

/** Reports the agent's memory use against its budget, measured in the same way as for enforcement. */
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
 * Returns the memory of an agent without the process of an engine, in bytes. Above the limit, garbage is collected
 * before the final measurement, so that memory that the program could free does not count.
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

/** Without the profiler, a program knows its own size but nothing about the device. */
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

/**
 * Makes V8 collect all garbage, and waits until it has returned the pages. Does nothing on other JavaScript engines.
 */
async function collectGarbage(): Promise<void> {
  try {
    const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import("node:v8"), import("node:vm")]);
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    await new Promise((resolve) => setTimeout(resolve, COLLECT_MILLISECONDS));
  } catch {
    // Other engines are measured without a collection.
  }
}
