import { BYTES_PER_MB, type NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engines/engine.js";
import type { OpenEngineOptions } from "./engines/engine-options.js";
import { MemoryAccount } from "./memory/memory-account.js";
import type { MemoryReport } from "./memory/memory-report.js";
import { processView } from "./memory/process-view.js";
import { SteadyProbe } from "./memory/steady-probe.js";

/** V8 frees large buffers on another thread after a collection. */
const COLLECT_MILLISECONDS = 50;
const COLLECT_ATTEMPTS = 2;

type ReportOptions = Pick<OpenEngineOptions, "memory" | "ownsProgram" | "baseBytes">;

/** Reports what an agent takes of its budget, by the account that the budget is enforced with. */
export async function reportMemory(
  { spec, device }: Pick<NanoAgentConfig, "spec" | "device">,
  engine: Pick<Engine, "memory">,
  options: ReportOptions,
): Promise<MemoryReport> {
  const profiler = await importProfiler();
  const probe = options.memory ?? (profiler === null ? null : new profiler.DeviceMemoryProbe());
  const engineMemory = (await engine.memory?.()) ?? null;
  return {
    limit_bytes: Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB,
    ...(await accountOf(profiler, options).use(engineMemory?.process ?? null)),
    engine: engineMemory,
    device: probe === null ? null : await new SteadyProbe(probe).read(),
  };
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
  for (let attempt = 0; attempt < COLLECT_ATTEMPTS && used_bytes > limitBytes; attempt++) {
    await collectGarbage();
    used_bytes = (await account.use(null)).used_bytes;
  }
  return used_bytes;
}

/** Without the profiler a program knows its own size, and nothing of the device. */
async function importProfiler(): Promise<typeof import("@nanoagent/profiler") | null> {
  return import("@nanoagent/profiler").catch(() => null);
}

function accountOf(
  profiler: typeof import("@nanoagent/profiler") | null,
  { ownsProgram = false, baseBytes = 0 }: ReportOptions,
): MemoryAccount {
  return new MemoryAccount({ processes: processView(profiler), ownsProgram, baseBytes });
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
