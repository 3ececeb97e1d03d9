import {
  BYTES_PER_MB,
  type CommandToolSettings,
  type EngineSettings,
  type McpServerSettings,
  type NanoAgentConfig,
  type SessionSettings,
} from "@nanoagent/models";
import type { Engine } from "../engines/engine.js";
import type { EngineCheck } from "../engines/engine-check.js";
import type { OpenEngineOptions } from "../engines/engine-options.js";
import type { LlamaCheckOptions } from "../engines/llama/check-llama-engine.js";
import { samplingOptions } from "../engines/sampling-options.js";
import type { ToolMemory } from "../memory/tool-memory.js";
import type { Journal } from "../session/journal/journal.js";
import type { InvalidSkillError } from "../skills/invalid-skill-error.js";
import type { Skill } from "../skills/skill.js";
import type { McpServers } from "../tools/mcp/open-mcp-servers.js";
import type { Tool } from "../tools/tool.js";

/**
 * The parts that need Node. The root entry loads them only through a lazy import of `#node-parts`. For browsers, the
 * import map in `package.json` replaces them with `without-node.ts`.
 */
export { checkModelFile } from "../files/check-model-file.js";
export { measureProgram, reportMemory } from "../report-memory.js";

export async function openLlamaEngine(
  config: NanoAgentConfig & { model_path: string },
  options: OpenEngineOptions,
): Promise<Engine> {
  const llama = await import("../engines/llama/open-llama-engine.js");
  return llama.openLlamaEngine(config, options);
}

export async function checkLlamaEngine(
  config: NanoAgentConfig & { model_path: string },
  options: LlamaCheckOptions,
): Promise<EngineCheck> {
  const llama = await import("../engines/llama/check-llama-engine.js");
  return llama.checkLlamaEngine(config, options);
}

export async function openServerEngine(config: NanoAgentConfig): Promise<Engine> {
  const { openFromSettings } = await import("../engines/openai-compatible/open-from-settings.js");
  const engine = await openFromSettings(config.engine ?? {});
  engine.noteSampling(samplingOptions(config.sampling ?? {}));
  return engine;
}

export async function checkServerSettings(settings: EngineSettings): Promise<string> {
  const server = await import("../engines/openai-compatible/open-from-settings.js");
  return server.checkServerSettings(settings);
}

/** Opens the memory limit of an agent's tools: the part of its budget that the program and the engine leave. */
export async function openToolMemory(
  { spec, device }: Pick<NanoAgentConfig, "spec" | "device">,
  { ownsProgram = false, baseBytes = 0 }: Pick<OpenEngineOptions, "ownsProgram" | "baseBytes">,
): Promise<ToolMemory> {
  const [{ ToolMemory }, profiler] = await Promise.all([
    import("../memory/tool-memory.js"),
    import("@nanoagent/profiler").catch(() => null),
  ]);
  return new ToolMemory({
    limitBytes: Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB,
    ownsProgram,
    baseBytes,
    cgroups: (await profiler?.findMemoryCgroup(new profiler.LocalMachine())) ?? null,
  });
}

export async function openCommandTools(
  commands: readonly CommandToolSettings[],
  toolMemory?: ToolMemory,
): Promise<Tool[]> {
  const { launchedCommandTool } = await import("../tools/command/command-tool.js");
  return commands.map((settings) => launchedCommandTool(settings, process.cwd(), toolMemory?.launch));
}

export async function openMcpServers(
  settings: Readonly<Record<string, McpServerSettings>>,
  onListed: () => void,
  toolMemory?: ToolMemory,
): Promise<McpServers> {
  const mcp = await import("../tools/mcp/open-mcp-servers.js");
  return mcp.openMcpServers(settings, onListed, toolMemory?.launch);
}

export async function openSkillFolder(
  folder: string,
  wanted: readonly string[],
): Promise<{ skills: Skill[]; issues: InvalidSkillError[] }> {
  const { readSkills } = await import("../skills/read-skills.js");
  return readSkills(folder, { wanted });
}

export async function openSession(settings: SessionSettings, owner: string): Promise<Journal> {
  const session = await import("../session/journal/open-session.js");
  return session.openSession(settings, { owner });
}
