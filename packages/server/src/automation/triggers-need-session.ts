import { TriggerError } from "../triggers/trigger-error.js";

/** Error of a config with triggers and without a folder for their events. */
export function triggersNeedSession(): TriggerError {
  return new TriggerError({
    code: "triggers-need-session",
    message: "The triggers need session: their events are kept in its folder.",
    hint: "Add session: { dir: session } to the config.",
  });
}
