import type { ServeSettings } from "@nanoagent/models";
import { openKeyFile } from "./key-file.js";
import { isKey, Keys } from "./keys.js";
import { keysUnreadable } from "./keys-unreadable.js";
import { isLoopback } from "./loopback.js";

export interface OpenKeysOptions {
  readonly settings: Pick<ServeSettings, "api_keys_env">;
  /** Address that the service listens on. */
  readonly host: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of the program's state, such as `$XDG_STATE_HOME/nanoagent`. The file `serve-keys.json` is kept in it. */
  readonly stateFolder: string;
}

export interface OpenedKeys {
  /** Null if no key is needed. */
  readonly keys: Keys | null;
  /** The file that keeps the keys, or null if none does. */
  readonly file: string | null;
  /** The key that was made now, for the user, and the file that keeps it. Null at later starts. */
  readonly made: { readonly key: string; readonly file: string } | null;
}

/**
 * Opens the keys of a service: those of the variable that `api_keys_env` names; else, on another address than loopback,
 * those of `serve-keys.json`, which is made with a new key if it does not exist. Rejects with {@link ServiceError}
 * `keys-unreadable`.
 */
export async function openKeys(options: OpenKeysOptions): Promise<OpenedKeys> {
  const { settings, host, environment, stateFolder } = options;
  const variable = settings.api_keys_env;
  if (variable !== undefined) {
    return { keys: new Keys(readVariable(variable, environment[variable])), file: null, made: null };
  }
  if (isLoopback(host)) return { keys: null, file: null, made: null };
  const { keys, file, isNew } = await openKeyFile(stateFolder);
  const [key] = keys;
  return { keys: new Keys(keys), file, made: isNew && key !== undefined ? { key, file } : null };
}

/** Whether a text is the name of an environment variable. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

function readVariable(variable: string, value: string | undefined): string[] {
  // It may be a key that was written in the wrong place.
  if (!isVariableName(variable)) {
    const hint = "Set it to a name of letters, digits and _, such as AGENT_KEYS, and put the keys into that variable.";
    throw keysUnreadable("The value of serve.api_keys_env is not the name of an environment variable.", hint);
  }
  const hint = `Set ${variable} to one or more keys, separated by commas, or remove serve.api_keys_env from the config.`;
  const keys = (value ?? "")
    .split(",")
    .map((key) => key.trim())
    .filter((key) => key !== "");
  if (keys.length === 0) {
    const state = value === undefined ? "not set" : "empty";
    throw keysUnreadable(`The environment variable ${variable}, which serve.api_keys_env names, is ${state}.`, hint);
  }
  if (keys.every(isKey)) return keys;
  throw keysUnreadable(`A key in the environment variable ${variable} has characters that no header can hold.`, hint);
}
