import { ServiceCommandError } from "./service-command-error.js";
import { exists } from "./service-facts.js";
import type { ServicePlace } from "./service-place.js";
import type { Systemd } from "./systemd.js";
import { nameOptions, sudoProgram } from "./typed-command.js";

/** Throws {@link ServiceCommandError} if systemd does not know a unit of this name and its file does not exist. */
export async function requireInstalled(place: ServicePlace, systemd: Systemd): Promise<void> {
  const { isLoaded } = await systemd.show(place.unit);
  if (!isLoaded && !(await exists(place.unitFile))) throw notInstalled(place);
}

export function notInstalled(place: ServicePlace): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-not-installed",
    message: `${place.unit} is not installed.`,
    reason: `${place.unitFile} does not exist.`,
    hint: place.isUser
      ? `Install it with nanoagent service install${nameOptions(place)} --config agent.yaml, or leave out --user to see a service of the system.`
      : `Install it with ${sudoProgram()} service install${nameOptions(place)} --config agent.yaml, or pass --user to see a service of this user.`,
  });
}
