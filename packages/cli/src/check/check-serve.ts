import type { NanoAgentConfig, ServeSettings } from "@nanoagent/models";
import type { CheckedPart, CheckReport } from "./check-report.js";
import { checkServeSettings, type ServiceParts } from "./check-serve-settings.js";
import { describeWyoming } from "./check-wyoming.js";
import { nearestExisting, whyNotWritable } from "./writable-folder.js";

interface ServeCheckOptions {
  /** Whether the service will run here. If so, its keys and its certificate are checked, too. */
  isHere: boolean;
  /** Address that replaces the one of the config. */
  host?: string | undefined;
  /** Port that replaces the one of the config. */
  port?: number | undefined;
}

/** Checks the settings of the service. */
export async function checkServe(
  report: CheckReport,
  { serve: written, session }: NanoAgentConfig,
  { isHere, host, port }: ServeCheckOptions,
): Promise<void> {
  if (written === undefined) return;
  const settings = port === undefined ? written : { ...written, port };
  const part = report.part("Service");
  const parts = await import("@nanoagent/server/program");
  await checkServeSettings(part, settings, parts, isHere);
  const serve = host === undefined ? settings : { ...settings, host };
  const keys = await checkKeys(part, serve, parts, isHere);
  part.summary = describe(serve, keys, parts);
  if (session !== undefined && session.retention === undefined) {
    part.warn(["session"], {
      code: "session-unlimited",
      message: "A service keeps a folder for every conversation, and without session.retention none is ever removed.",
      hint: "Limit them, for example with session.retention: { max_mb: 64, max_days: 365 }.",
    });
  }
}

function describe(serve: ServeSettings, keys: string, parts: ServiceParts): string {
  const { host = parts.DEFAULT_HOST, port = parts.DEFAULT_PORT, tls, bare_model } = serve;
  const shown = parts.canonicalHost(host);
  if (shown === null) return "the address is wrong";
  const address = `${tls === undefined ? "http" : "https"}://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
  const voice = describeWyoming(serve, parts);
  const others = [...(bare_model ? ["the model alone too"] : []), ...(voice === null ? [] : [voice])];
  return [address, keys, ...others].join(", ");
}

/** Checks the keys of clients, as far as they exist already, and describes where they come from. Writes nothing. */
async function checkKeys(
  part: CheckedPart,
  { host: asked, api_keys_env: variable }: ServeSettings,
  { openKeys, isLoopback, isVariableName, canonicalHost, findKeyFile, stateFolderOf, DEFAULT_HOST }: ServiceParts,
  isHere: boolean,
): Promise<string> {
  const host = asked ?? DEFAULT_HOST;
  if (variable !== undefined) {
    // Otherwise it was reported with the settings, and may be a key itself.
    if (!isVariableName(variable)) return "keys of a variable";
    if (isHere) {
      await openKeys({
        settings: { api_keys_env: variable },
        host,
        environment: process.env,
        stateFolder: "",
      }).catch((error: unknown) => part.reject(["serve", "api_keys_env"], error));
    }
    return `keys of ${variable}`;
  }
  const address = canonicalHost(host);
  if (address === null || isLoopback(address)) return "no key";
  const made = "a key that is made at the first start";
  if (!isHere) return made;
  const folder = stateFolderOf(process.env);
  try {
    const { file, exists } = await findKeyFile(folder);
    if (exists) return `the key in ${file}`;
    const issue = await whyNotWritable(await nearestExisting(folder));
    if (issue !== null) {
      part.error(["serve", "host"], {
        code: "keys-unreadable",
        message: `The file of the keys, ${file}, cannot be written: ${issue}.`,
        hint: "Set XDG_STATE_HOME to a writable folder, or serve.api_keys_env to the name of a variable that holds a key.",
      });
    }
    return made;
  } catch (error) {
    part.reject(["serve", "host"], error);
    return "a key that cannot be used";
  }
}
