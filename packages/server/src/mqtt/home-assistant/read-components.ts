import { ORIGIN } from "./device-config.js";

/** Largest retained config that is read, in bytes. One entity takes about 200. */
const MAX_CONFIG_BYTES = 256 * 1024;
/** Entities that a config may have. */
const MAX_COMPONENTS = 1000;

/**
 * Returns the entities of a retained config, each key with its platform, or null if the config is not one of nanoagent.
 * Anybody who may write to the broker can write it, so it is read with limits.
 */
export function readComponents(payload: Uint8Array): ReadonlyMap<string, string> | null {
  if (payload.byteLength > MAX_CONFIG_BYTES) return null;
  let config: unknown;
  try {
    config = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return null;
  }
  if (!isRecord(config) || !isRecord(config.origin) || config.origin.name !== ORIGIN) return null;
  const { components } = config;
  const entries = isRecord(components) ? Object.entries(components) : [];
  return new Map(
    entries.slice(0, MAX_COMPONENTS).flatMap(([key, component]): [string, string][] => {
      const platform = isRecord(component) ? component.platform : null;
      const isUsable = /^[\w-]{1,100}$/.test(key) && typeof platform === "string" && /^[a-z_]{1,32}$/.test(platform);
      return isUsable ? [[key, platform]] : [];
    }),
  );
}

/** Whether a retained config of Home Assistant is that of an agent. */
export function isAgentDevice(payload: Uint8Array): boolean {
  return readComponents(payload) !== null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
