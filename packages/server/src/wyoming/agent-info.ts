import type { WyomingSettings } from "@nanoagent/models";
import type { OperatedAgent } from "../service/served-agent.js";
import { offeredLanguages } from "./languages.js";

/** Name of the engine that answers by rules. */
const RULES_ENGINE = "rules";
const ATTRIBUTION = { name: "nanoagent", url: "https://www.npmjs.com/package/@nanoagent/cli" };

/** Returns the data of an `info` event: one service that handles texts, with the agent as its model. */
export function agentInfo({ agent, version }: OperatedAgent, settings: WyomingSettings): object {
  const { name } = agent.config.spec;
  const artifact = { name, attribution: ATTRIBUTION, installed: true, description: describe(name), version };
  const answersByRules = agent.engine.name === RULES_ENGINE;
  const languages = offeredLanguages(agent.config, { chosen: settings.languages, answersByRules });
  return {
    asr: [],
    tts: [],
    handle: [
      {
        ...artifact,
        models: [{ ...artifact, languages }],
        supports_handled_streaming: false,
        supports_home_control: false,
      },
    ],
    intent: [],
    wake: [],
    mic: [],
    snd: [],
  };
}

function describe(name: string): string {
  return `Agent ${name}, served by nanoagent`;
}
