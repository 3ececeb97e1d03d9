import type { EngineFacts } from "../engines/engine-facts.js";

/** Models with fewer parameters claim acts that they have not done more often than larger ones do. */
const TRUSTED_PARAMETERS = 2_000_000_000;

/** Whether replies of an engine are checked for claims of acts. Default: those of models below two billion parameters. */
export function checksClaims(acts: "strict" | "off" | undefined, { parameters }: EngineFacts): boolean {
  return acts === undefined ? parameters != null && parameters < TRUSTED_PARAMETERS : acts === "strict";
}
