import {
  type EngineSettings,
  type NanoAgentConfig,
  type NanoAgentConfigInput,
  NanoAgentError,
} from "@nanoagent/models";
import type { Engine } from "./engine.js";
import type { EngineCheck, EngineIssue } from "./engine-check.js";
import { EngineError } from "./engine-error.js";
import type { OpenEngineOptions } from "./engine-options.js";
import type { LlamaCheckOptions } from "./llama/check-llama-engine.js";
import { RulesEngine } from "./rules/rules-engine.js";

export type EngineType = NonNullable<EngineSettings["type"]>;

/** A config key that has no effect, and a sentence that says so. */
export interface UnusedSetting {
  path: readonly string[];
  message: string;
}

/** One kind of engine. Code that needs Node is loaded by a lazy import of `#node-parts`. */
interface EngineKind {
  /** Opens the engine. Throws `EngineError` or another `NanoAgentError`. */
  open(config: NanoAgentConfig, options: OpenEngineOptions): Promise<Engine>;
  /** Finds the problems that would make `open` fail, without loading a model or contacting a server. */
  check(config: NanoAgentConfig, options: LlamaCheckOptions): Promise<EngineCheck>;
  /** Lists the keys that are set but have no effect on this kind. */
  unusedKeys(config: NanoAgentConfig): readonly (readonly string[])[];
}

/** All kinds of engine that a config can name, keyed by the types in the config's schema. */
const engineKinds: Record<EngineType, EngineKind> = {
  rules: {
    async open({ spec, device, intents, tools = [] }) {
      // Without a model, only intents run tools. An agent that has tools but no intents names its tools.
      const definitions = intents?.definitions ?? [];
      const abilities = (definitions.length > 0 ? definitions : tools).map(({ name }) => name);
      return new RulesEngine({ agentName: spec.name, device, abilities, ...(intents && { intents }) });
    },
    check: async () => ({ summary: "the built-in rules", issues: [], model: null }),
    unusedKeys: ({ instructions, model_path, engine = {}, sampling, window, acts }) => [
      ...(acts === undefined ? [] : [["acts"]]),
      ...(sampling === undefined ? [] : [["sampling"]]),
      ...(instructions === undefined ? [] : [["instructions"]]),
      ...(model_path === null ? [] : [["model_path"]]),
      ...Object.keys(engine).flatMap((key) => (key === "type" ? [] : [["engine", key]])),
      ...(window?.on_overflow === "summarize" ? [["window", "on_overflow"]] : []),
    ],
  },
  llama: {
    async open(config, options) {
      const { model_path } = config;
      if (model_path === null) throw withoutModel();
      const { openLlamaEngine } = await import("#node-parts");
      return openLlamaEngine({ ...config, model_path }, options);
    },
    async check(config, options) {
      const { model_path } = config;
      if (model_path === null) {
        const issue = issueOf(["engine", "type"], withoutModel());
        return { summary: "llama without a model", issues: [issue], model: null };
      }
      const { checkLlamaEngine } = await import("#node-parts");
      return checkLlamaEngine({ ...config, model_path }, options);
    },
    // The host process of a local model detects hangs itself, so the timeouts have no effect.
    unusedKeys: ({ engine = {} }) =>
      engineKeys(engine, ["url", "model", "api_key_env", "allow_network", "first_token_seconds", "next_token_seconds"]),
  },
  "openai-compatible": {
    async open(config) {
      const { openServerEngine } = await import("#node-parts");
      return openServerEngine(config);
    },
    async check({ engine = {} }) {
      const { checkServerSettings } = await import("#node-parts");
      try {
        const summary = `the server at ${await checkServerSettings(engine)} (not contacted)`;
        return { summary, issues: [], model: null };
      } catch (error) {
        return { summary: "a server", issues: [issueOf(["engine"], error)], model: null };
      }
    },
    unusedKeys: ({ model_path, engine = {} }) => [
      ...(model_path === null ? [] : [["model_path"]]),
      ...engineKeys(engine, ["isolation", "idle_unload_seconds"]),
    ],
  },
};

/** Returns the engine type of a config. Default: llama with a model, rules without. */
export function engineTypeOf({ engine, model_path }: Pick<NanoAgentConfigInput, "engine" | "model_path">): EngineType {
  const type = engine?.type ?? (model_path == null ? "rules" : "llama");
  if (Object.hasOwn(engineKinds, type)) return type;
  throw new EngineError({
    code: "engine-unavailable",
    message: `Unknown engine type "${type}".`,
    hint: `Set engine.type to one of: ${Object.keys(engineKinds).join(", ")}.`,
  });
}

/** Opens the engine of a config. */
export async function openEngine(config: NanoAgentConfig, options: OpenEngineOptions = {}): Promise<Engine> {
  return engineKinds[engineTypeOf(config)].open(config, options);
}

/** Checks a config's engine and model file without opening them. */
export async function checkEngine(config: NanoAgentConfig, options: LlamaCheckOptions = {}): Promise<EngineCheck> {
  const fileIssue = await checkFile(config);
  const kind = engineKinds[engineTypeOf(config)];
  const { issues, ...check } = await kind.check(config, { ...options, skipsFit: fileIssue !== null });
  return { ...check, issues: fileIssue === null ? issues : [fileIssue, ...issues] };
}

/** Lists the settings that have no effect on the engine. `isGiven`: the program passed its own engine. */
export function findUnusedSettings(config: NanoAgentConfig, isGiven = false): UnusedSetting[] {
  if (!isGiven) {
    const type = engineTypeOf(config);
    return engineKinds[type]
      .unusedKeys(config)
      .map((path) => ({ path, message: `"${path.join(".")}" has no effect on the ${type} engine.` }));
  }
  if (config.engine === undefined) return [];
  return [{ path: ["engine"], message: '"engine" has no effect: the program passes its own engine.' }];
}

/** Returns the paths of those keys that are set in the `engine` block. */
function engineKeys(engine: EngineSettings, keys: readonly (keyof EngineSettings)[]): string[][] {
  return keys.filter((key) => engine[key] !== undefined).map((key) => ["engine", key]);
}

async function checkFile({ model_path, model_root, spec }: NanoAgentConfig): Promise<EngineIssue | null> {
  if (model_path === null) return null;
  const { checkModelFile } = await import("#node-parts");
  try {
    await checkModelFile(model_path, spec.max_model_size_mb, model_root ?? null);
    return null;
  } catch (error) {
    const issue = issueOf(["model_path"], error);
    return issue.code === "model-too-large" ? { ...issue, path: ["spec", "max_model_size_mb"] } : issue;
  }
}

/** Turns a thrown `NanoAgentError` into an issue of the config. Rethrows any other error. */
function issueOf(path: readonly string[], error: unknown): EngineIssue {
  if (!NanoAgentError.isInstance(error)) throw error;
  const { code, message, reason, hint } = error;
  return { severity: "error", path, code, message, reason, hint };
}

function withoutModel(): EngineError {
  return new EngineError({
    code: "engine-unavailable",
    message: 'The engine "llama" needs a model, but model_path is not set.',
    hint: "Set model_path to a GGUF file.",
  });
}
