import { open } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { parseVariables } from "./parse-variables.js";

/** Files and folders of a service, by its name and its systemd. */
export interface ServicePlace {
  /** Name of the unit without `.service`. */
  name: string;
  unit: string;
  /** Whether the user's systemd runs it, and not the system's. */
  isUser: boolean;
  unitFile: string;
  /** Folder with changes of a person: `systemctl edit`. */
  dropInFolder: string;
  stateFolder: string;
  /** Optional file with variables for the service. */
  environmentFile: string;
  /** File whose existence says that `install` turned lingering on. Only for a service of a user. */
  lingerMark: string;
}

/** Name of the usual service, and beginning of all others: their folders in /var/lib must not belong to another program. */
const PREFIX = "nanoagent";
/** systemd allows more, but not every folder and user name does. */
const NAME = /^[A-Za-z0-9][\w-]{0,30}$/;
/** Bytes that are read of a file of variables. The rest has no effect. */
const MAX_VARIABLES_BYTES = 256 * 1024;

/**
 * Returns the place of the service that the options name: `nanoagent`, or `nanoagent-NAME`. Throws {@link UsageError} for
 * an invalid name.
 */
export function placeOf({ name: given = PREFIX, user }: OptionValues): ServicePlace {
  // After the prefix there is a name again: `nanoagent-` alone names no service.
  const short = String(given).replace(/^nanoagent-/, "");
  if (typeof given !== "string" || !NAME.test(given) || !NAME.test(short)) {
    throw new UsageError({
      message: `--name takes letters, digits, - and _ (at most 31), found "${given}".`,
      hint: "Pass a name such as --name greenhouse.",
    });
  }
  const name = given === PREFIX || given.startsWith(`${PREFIX}-`) ? given : `${PREFIX}-${given}`;
  const isUser = user === true;
  const configFolder = isUser ? userFolder("XDG_CONFIG_HOME", ".config") : "/etc";
  const units = isUser ? path.join(configFolder, "systemd/user") : "/etc/systemd/system";
  const services = path.join(userFolder("XDG_STATE_HOME", ".local/state"), "nanoagent/services");
  const unit = `${name}.service`;
  return {
    name,
    unit,
    isUser,
    unitFile: path.join(units, unit),
    dropInFolder: path.join(units, `${unit}.d`),
    stateFolder: isUser ? path.join(services, name) : `/var/lib/${name}`,
    environmentFile: path.join(configFolder, "nanoagent", `${name}.env`),
    lingerMark: path.join(services, `${name}.linger`),
  };
}

function userFolder(variable: string, usual: string): string {
  const folder = process.env[variable];
  return folder !== undefined && path.isAbsolute(folder) ? folder : path.join(homedir(), usual);
}

/** Reads a file of variables as systemd does. Empty if it cannot be read. */
export async function readVariables(file: string): Promise<Record<string, string>> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return {};
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_VARIABLES_BYTES));
    return parseVariables(buffer.toString("utf8", 0, bytesRead));
  } catch {
    return {};
  } finally {
    await handle.close();
  }
}
