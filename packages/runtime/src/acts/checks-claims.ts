import { TRUSTED_PARAMETERS } from "@nanoagent/models";
import type { EngineFacts } from "../engines/engine-facts.js";

/** Whether an engine's replies are checked for claims of acts. Default: for models below two billion parameters. */
export function checksClaims(acts: "strict" | "off" | undefined, { parameters }: EngineFacts): boolean {
  return acts === undefined ? parameters != null && parameters < TRUSTED_PARAMETERS : acts === "strict";
}
