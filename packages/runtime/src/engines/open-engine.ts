import type { NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engine.js";
import { EngineError } from "./engine-error.js";
import type { EngineOptions } from "./engine-options.js";
import { RulesEngine } from "./rules/rules-engine.js";

/** The engine that a config asks for: the one that it names, else llama where there is a model, else the rules. */
export async function openEngine(config: NanoAgentConfig, parts: EngineOptions = {}): Promise<Engine> {
  const { model_path } = config;
  const type = config.engine?.type ?? (model_path === null ? "rules" : "llama");
  // Models and servers need Node; this module does not.
  switch (type) {
    case "rules":
      return new RulesEngine({ agentName: config.spec.name, device: config.device, abilities: abilitiesOf(config) });
    case "openai-compatible": {
      const { openServerEngine } = await import("#node-parts");
      return openServerEngine(config);
    }
    case "llama": {
      if (model_path === null) throw withoutModel();
      const { openLlamaEngine } = await import("#node-parts");
      return openLlamaEngine({ ...config, model_path }, parts);
    }
  }
}

/** Without a model tools run by intents alone; an agent that has only tools names those. */
function abilitiesOf({ intents, tools = [] }: NanoAgentConfig): string[] {
  const named = (intents?.definitions.length ?? 0) > 0 ? (intents?.definitions ?? []) : tools;
  return named.map(({ name }) => name);
}

function withoutModel(): EngineError {
  return new EngineError({
    code: "engine-unavailable",
    message: 'The engine "llama" needs a model, and the config names none.',
    hint: "Set model_path to a GGUF file.",
  });
}
