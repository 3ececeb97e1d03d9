import type { NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engine.js";
import { EngineError } from "./engine-error.js";
import { RulesEngine } from "./rules/rules-engine.js";

/** The engine that a config asks for. Throws {@link EngineError} `engine-unavailable` for one that is not there. */
export async function openEngine(config: NanoAgentConfig): Promise<Engine> {
  const type = config.engine?.type ?? "rules";
  if (type === "rules") return new RulesEngine({ agentName: config.spec.name, device: config.device });
  throw new EngineError({
    code: "engine-unavailable",
    message: `The engine "${type}" is not part of this version of nanoagent.`,
    hint: 'Use engine.type "rules", or pass an engine of your own to new NanoRuntime({ engine }).',
  });
}
