import { NanoAgentError } from "@nanoagent/models";

/** Returns the error of a config with `fleet` but without `mqtt`. */
export function fleetNeedsBroker(): NanoAgentError {
  return new NanoAgentError({
    code: "fleet-needs-broker",
    message: "An agent of a fleet needs a broker.",
    reason: "The broker keeps the register of the fleet, and the config has no mqtt.",
    hint: "Add mqtt.url with the address of the broker, or remove fleet.",
  });
}
