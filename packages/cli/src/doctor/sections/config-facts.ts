import { stat } from "node:fs/promises";
import path from "node:path";
import { isObject } from "../../is-object.js";
import type { ExaminedConfig } from "../examined-config.js";
import type { PartFacts } from "../report-section.js";

const MAX_DEFAULTS = 200;

/** Gathers the config as it is written, and the defaults that were added to it. */
export async function gatherConfig(examined: ExaminedConfig): Promise<PartFacts> {
  const file = path.resolve(examined.file);
  const found = await stat(file).catch(() => null);
  if (found === null && !examined.isNamed) {
    const summary = `none: this folder has no ${examined.file}; name one with --config PATH`;
    return { summary, data: { path: file, exists: false } };
  }
  const about = {
    path: file,
    exists: found !== null,
    bytes: found?.size ?? null,
    mode: found === null ? null : modeOf(found.mode),
    changed_at: found?.mtime.toISOString() ?? null,
  };
  const written = await examined.written().then(
    (value) => ({ value, error: null }),
    (error: unknown) => ({ value: null, error: error instanceof Error ? error.message : String(error) }),
  );
  if (written.error !== null) {
    return { summary: `${examined.file}, which cannot be read`, data: { ...about, error: written.error } };
  }
  const config = await examined.config();
  const defaults = config === null ? null : defaultsOf(config, written.value).slice(0, MAX_DEFAULTS);
  const validity = config === null ? "which is not valid" : "without secrets";
  return { summary: `${examined.file}, ${validity}`, data: { ...about, written: written.value, defaults } };
}

/** Permissions as in `chmod`: `0600`. */
export function modeOf(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** Returns the keys that the file does not have, with their values: `engine.type: "rules"`. */
function defaultsOf(config: unknown, written: unknown, keys: readonly string[] = []): string[] {
  if (isObject(config) && (isObject(written) || (written === undefined && Object.keys(config).length > 0))) {
    // The device is a part of its own.
    return Object.entries(config).flatMap(([key, value]) =>
      keys.length === 0 && key === "device"
        ? []
        : defaultsOf(value, isObject(written) ? written[key] : undefined, [...keys, key]),
    );
  }
  return written === undefined && config !== undefined ? [`${keys.join(".")}: ${JSON.stringify(config)}`] : [];
}
