import { readFile, rm } from "node:fs/promises";
import type { OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { turnOffLinger } from "./linger.js";
import { ServiceCommandError } from "./service-command-error.js";
import { exists } from "./service-facts.js";
import type { ServicePlace } from "./service-place.js";
import type { Systemd } from "./systemd.js";
import { nameOptions, sudoProgram } from "./typed-command.js";
import { readUnit, UNIT_MARK } from "./unit-file.js";

/**
 * Stops a service and removes its unit, with the changes of a person and the links. Keeps conversations and keys, except
 * with `purge`. Safe to call again.
 */
export async function uninstallService(
  place: ServicePlace,
  { purge, json }: OptionValues,
  { stdout }: Streams,
  systemd: Systemd,
): Promise<number> {
  const text = await readFile(place.unitFile, "utf8").catch(() => null);
  if (text !== null && !text.startsWith(UNIT_MARK)) throw notOurs(place);
  if (text !== null) {
    await systemd.control(["disable", "--now", place.unit]);
    // systemd knows its folders only while the unit exists. A service that does not stop keeps them.
    if (!place.isUser) await systemd.try(["clean", `--what=${purge === true ? "all" : "cache"}`, place.unit]);
    await rm(place.unitFile, { force: true });
  }
  await rm(place.dropInFolder, { recursive: true, force: true });
  await systemd.control(["daemon-reload"]);
  await systemd.try(["reset-failed", place.unit]);
  if (place.isUser) await turnOffLinger(place, systemd);
  if (purge === true) await removeState(place);
  const kept = purge !== true && (await exists(place.stateFolder)) ? place.stateFolder : null;
  const isRemoved = text !== null;
  stdout.write(
    json === true
      ? formatJson({ event: "uninstalled", unit: place.unit, was_installed: isRemoved, kept })
      : plainText(
          describe(place, { isRemoved, kept, config: text === null ? null : (readUnit(text)?.config ?? null) }),
        ),
  );
  return exitCodes.done;
}

/** Removes what `systemctl clean` may have left, such as the folders of a service whose unit is gone. */
async function removeState(place: ServicePlace): Promise<void> {
  const { name, isUser, stateFolder } = place;
  const folders = isUser
    ? [stateFolder]
    : ["lib", "cache"].flatMap((kind) => [`/var/${kind}/${name}`, `/var/${kind}/private/${name}`]);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

interface Removed {
  isRemoved: boolean;
  kept: string | null;
  config: string | null;
}

function describe(place: ServicePlace, { isRemoved, kept, config }: Removed): string {
  const command = place.isUser ? "nanoagent" : sudoProgram();
  const lines = [
    isRemoved ? `Removed ${place.unitFile}. The service is stopped.` : `${place.unit} is not installed.`,
    ...(kept === null
      ? []
      : [
          `Conversations and keys are still in ${kept}.`,
          `To remove them, too: ${command} service uninstall${nameOptions(place)} --purge`,
        ]),
    ...(config === null ? [] : [`The agent itself stays: ${config}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function notOurs({ unitFile, unit }: ServicePlace): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: `${unitFile} was not written by nanoagent service install.`,
    reason: "Only units that it wrote are removed.",
    hint: `Remove it yourself: sudo systemctl disable --now ${unit}, then delete the file.`,
  });
}
