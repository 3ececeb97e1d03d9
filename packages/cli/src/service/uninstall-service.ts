import { lstat, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { turnOffLinger } from "./linger.js";
import { removeFolder } from "./remove-folder.js";
import type { RunTool } from "./run-tool.js";
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
  const { fragment } = await systemd.show(place.unit);
  if (fragment !== "" && fragment !== place.unitFile) throw notOurs(place, fragment);
  const text = await readFile(place.unitFile, "utf8").catch(() => null);
  if (text !== null && !text.startsWith(UNIT_MARK)) throw notOurs(place, place.unitFile);
  const isOurs = text !== null || (await hasMark(place));
  if (text !== null) {
    await systemd.control(["disable", "--now", place.unit]);
    // systemd knows its folders only while the unit exists. A service that does not stop keeps them.
    if (!place.isUser) await systemd.try(["clean", `--what=${purge === true ? "all" : "cache"}`, place.unit]);
    await rm(place.unitFile, { force: true });
    await rm(place.dropInFolder, { recursive: true, force: true });
    if (purge !== true) await leaveMark(place);
  }
  await systemd.control(["daemon-reload"]);
  await systemd.try(["reset-failed", place.unit]);
  if (place.isUser) await turnOffLinger(place, systemd);
  if (purge === true && isOurs) await removeState(place, systemd.run);
  const kept = (await exists(place.stateFolder)) ? place.stateFolder : null;
  const isRemoved = text !== null;
  stdout.write(
    json === true
      ? formatJson({ event: "uninstalled", unit: place.unit, was_installed: isRemoved, kept })
      : plainText(
          describe(place, { isRemoved, kept, isOurs, config: text === null ? null : (readUnit(text)?.config ?? null) }),
        ),
  );
  return exitCodes.done;
}

/** Removes what `systemctl clean` may have left, such as the folders of a service whose unit is gone. */
async function removeState(place: ServicePlace, run: RunTool): Promise<void> {
  const { name, isUser, stateFolder } = place;
  const folders = isUser
    ? [stateFolder]
    : ["lib", "cache"].flatMap((kind) => [`/var/${kind}/${name}`, `/var/${kind}/private/${name}`]);
  for (const folder of folders) await removeFolder(folder, run);
  if (!isUser) return;
  // The folders above it, if no other service and no other command has files in them.
  const services = path.dirname(stateFolder);
  for (const folder of [services, path.dirname(services)]) await rmdir(folder).catch(() => {});
}

interface Removed {
  isRemoved: boolean;
  kept: string | null;
  /** Whether what is kept is of a service that `install` wrote. */
  isOurs: boolean;
  config: string | null;
}

function describe(place: ServicePlace, { isRemoved, kept, isOurs, config }: Removed): string {
  const command = place.isUser ? "nanoagent" : sudoProgram();
  const lines = [
    isRemoved ? `Removed ${place.unitFile}. The service is stopped.` : `${place.unit} is not installed.`,
    ...(kept === null
      ? []
      : isOurs
        ? keptLines(place, command)
        : [`${kept} stays: no service that was installed here left it.`]),
    ...(config === null ? [] : [`The agent itself stays: ${config}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function keptLines(place: ServicePlace, command: string): string[] {
  return [
    `Conversations and keys are still in ${place.stateFolder}.`,
    `To remove them, too: ${command} service uninstall${nameOptions(place)} --purge`,
  ];
}

/** Name of a file in the folder of a service that was removed, so that a later `--purge` knows whose folder it is. */
const MARK = ".nanoagent-service";

async function leaveMark({ stateFolder }: ServicePlace): Promise<void> {
  // The folder may belong to another user: an existing file or link of this name is left as it is.
  await writeFile(path.join(stateFolder, MARK), "", { flag: "wx" }).catch(() => {});
}

function hasMark({ stateFolder }: ServicePlace): Promise<boolean> {
  return lstat(path.join(stateFolder, MARK)).then(
    () => true,
    () => false,
  );
}

function notOurs({ unit, isUser }: ServicePlace, file: string): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: `${file} was not written by nanoagent service install.`,
    reason: "Only units that it wrote are removed.",
    hint: `Remove it yourself: ${isUser ? "systemctl --user" : "sudo systemctl"} disable --now ${unit}, then delete the file.`,
  });
}
