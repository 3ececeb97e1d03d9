import type { NanoAgentConfig } from "@nanoagent/models";

/** A part of a config that has no effect, and a sentence that says so. */
export interface UnusedSetting {
  path: readonly string[];
  message: string;
}

/** What a config sets in vain, given the engine that answers and whether the program brought it. */
export function findUnusedSettings(config: NanoAgentConfig, engineName: string, isGiven = false): UnusedSetting[] {
  const unused: UnusedSetting[] = [];
  if (isGiven && config.engine !== undefined) {
    unused.push({ path: ["engine"], message: '"engine" has no effect: the program brings its own.' });
  }
  if (isGiven || engineName !== "rules") return unused;
  const keys = Object.keys(config.engine ?? {}).filter((key) => key !== "type");
  for (const path of [
    ...(config.instructions === undefined ? [] : [["instructions"]]),
    ...(config.model_path === null ? [] : [["model_path"]]),
    ...keys.map((key) => ["engine", key]),
    ...(config.window?.on_overflow === "summarize" ? [["window", "on_overflow"]] : []),
  ]) {
    unused.push({ path, message: `"${path.join(".")}" has no effect on the rules engine.` });
  }
  return unused;
}
