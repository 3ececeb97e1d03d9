import path from "node:path";
import {
  type AutoDevice,
  type EdgeDevice,
  NanoAgentConfig,
  NanoAgentConfigFile,
  type SchemaIssue,
} from "@nanoagent/models";
import { explainImport } from "../missing-peer-error.js";
import { type ConfigDocument, offsetOf, placeIssue, positionAt } from "./config-document.js";
import { type FilledValues, fillPlaceholders } from "./fill-placeholders.js";
import { type ConfigIssue, InvalidConfigError } from "./invalid-config-error.js";
import { parseJson } from "./parse-json.js";
import { parseYaml } from "./parse-yaml.js";
import { readConfigText } from "./read-config-text.js";
import { resolvePaths } from "./resolve-paths.js";

/** Most issues that an error lists. */
const MAX_ISSUES = 20;

export interface ReadConfigOptions {
  /** Returns the device if the file does not specify it. Default: `@nanoagent/profiler`, loaded when needed. */
  profile?: (() => Promise<EdgeDevice>) | undefined;
  /** `auto` profiles this machine regardless of the file. Default: the file decides. */
  device?: "auto" | undefined;
  /** Variables for `${NAME}` in the file. Default: the environment of this program. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Reads a config for `NanoRuntime.load()` from a YAML file or, if its name ends in `.json`, a JSON file. Profiles this
 * machine if the file does not specify the device. Paths in it are relative to the file. Reads at most 256 KB.
 *
 * Throws {@link InvalidConfigError} with every issue and its line and column, and {@link MissingPeerError} if it needs
 * `yaml` or `@nanoagent/profiler` and they are not installed.
 */
export async function readConfig(file: string, options: ReadConfigOptions = {}): Promise<NanoAgentConfig> {
  return (await readPlacedConfig(file, options)).config;
}

/** A config with the positions of its parts in the file. */
export interface PlacedConfig {
  config: NanoAgentConfig;
  /** Returns line and column, both from 1, of the value at this path, or of its nearest existing parent. */
  placeOf(path: readonly (string | number)[]): { line: number; column: number };
}

/** The same as {@link readConfig}, for callers that report problems in parts of the file. */
export async function readPlacedConfig(file: string, options: ReadConfigOptions = {}): Promise<PlacedConfig> {
  const text = await readConfigText(file);
  const document = await parse(file, text);
  const filled = fillPlaceholders(document, options.environment ?? process.env);
  refuse(file, text, document);
  const result = checkShape(document.value, filled);
  if (!result.success) {
    const issues = result.issues
      .map((issue) => withoutSecret(issue, filled.variablesAt(issue.path)))
      .map((issue) => placeIssue(text, document.root, issue));
    // An error in a value that is merged into several maps is reported once.
    const once = new Map(issues.map((issue) => [JSON.stringify([issue.line, issue.column, issue.message]), issue]));
    throw InvalidConfigError.withIssues(file, [...once.values()]);
  }
  const folder = path.dirname(path.resolve(file));
  // The schema is for editors only.
  const { $schema: _, ...settings } = result.value;
  const device = await resolveDevice(options.device ?? settings.device, options.profile ?? profileThisMachine);
  return {
    config: NanoAgentConfig.parse({ ...resolvePaths(settings, folder), device }),
    placeOf: (keys) => positionAt(text, offsetOf(document.root, keys)),
  };
}

/**
 * Reads a config file as it is written: without defaults, and without the values of `${NAME}`. Its shape is not checked.
 * Throws {@link InvalidConfigError} if it cannot be read or parsed.
 */
export async function readWrittenConfig(file: string): Promise<unknown> {
  return (await parse(file, await readConfigText(file))).value;
}

async function parse(file: string, text: string): Promise<ConfigDocument> {
  if (text.trim() === "")
    throw InvalidConfigError.unreadable(file, "it is empty", "nanoagent init writes a working config.");
  const isJson = /^\.json[c5]?$/.test(path.extname(file).toLowerCase());
  const document = isJson ? parseJson(text) : await parseYaml(text);
  refuse(file, text, document);
  document.value = withoutNulls(document.value, []);
  return document;
}

function refuse(file: string, text: string, { issues }: ConfigDocument): void {
  if (issues.length === 0) return;
  const placed = issues.slice(0, MAX_ISSUES).map(({ offset, message }) => issueAt(text, offset, message));
  throw InvalidConfigError.withIssues(file, placed);
}

/** Maps whose keys users choose. A name without a value there is a mistake. */
const namedByPeople = new Set([
  "mcp_servers",
  "tools",
  "environment",
  "slots",
  "sentences",
  "say",
  "answer",
  "failure",
]);

/** Arguments of tools and intents, and details of a device, may be null. */
const keepNulls = ["arguments", "details"];

/** Removes keys without a value. They count as absent. */
function withoutNulls(value: unknown, keys: readonly string[]): unknown {
  if (typeof value !== "object" || value === null || keepNulls.some((key) => keys.includes(key))) return value;
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, keys));
  const keepsNulls = namedByPeople.has(keys.at(-1) ?? "");
  const entries = Object.entries(value).filter(([, item]) => item !== null || keepsNulls);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item, [...keys, key])]));
}

/** Checks a config's shape. A variable is text; where a number or boolean is expected, it is converted. */
function checkShape(value: unknown, filled: FilledValues): ReturnType<typeof NanoAgentConfigFile.safeParse> {
  const result = NanoAgentConfigFile.safeParse(value);
  if (result.success) return result;
  let isChanged = false;
  for (const { path: keys, kind } of result.issues) {
    if (kind === "invalid" && filled.variablesAt(keys).length > 0) isChanged = readAsScalar(value, keys) || isChanged;
  }
  return isChanged ? NanoAgentConfigFile.safeParse(value) : result;
}

function readAsScalar(whole: unknown, keys: readonly (string | number)[]): boolean {
  const parent = keys.slice(0, -1).reduce<unknown>((found, key) => (found as Record<string, unknown>)[key], whole);
  const map = parent as Record<string | number, unknown>;
  const key = keys.at(-1) ?? "";
  const text = String(map[key]).trim();
  const scalar = text === "true" || text === "false" ? text === "true" : text === "" ? Number.NaN : Number(text);
  if (Number.isNaN(scalar)) return false;
  map[key] = scalar;
  return true;
}

/** Values of the environment may be secrets. The issue names the variable, not its content. */
function withoutSecret(issue: SchemaIssue, variables: readonly string[]): SchemaIssue {
  if (variables.length === 0) return issue;
  const found = `the value of the environment variable ${variables.join(" and ")}`;
  return { ...issue, found, message: `expected ${issue.expected}, found ${found}` };
}

function issueAt(text: string, offset: number, message: string): ConfigIssue {
  return { ...positionAt(text, offset), key: "", expected: "", found: "", nearest: null, message };
}

async function resolveDevice(
  declared: NanoAgentConfigFile["device"],
  profile: () => Promise<EdgeDevice>,
): Promise<EdgeDevice> {
  if (declared !== "auto" && !isAuto(declared)) return declared;
  const profiled = await profile();
  if (declared === "auto") return profiled;
  const { auto: _, ...known } = declared;
  const details = { ...profiled.details, ...known.details };
  for (const room of Object.keys(known.details ?? {}) as (keyof typeof details)[]) {
    Object.assign(details, { [room]: { ...profiled.details?.[room], ...known.details?.[room] } });
  }
  const device = { ...profiled, ...known, ...(Object.keys(details).length > 0 && { details }) } as EdgeDevice;
  // A device without a name gets one from its declared properties.
  return { ...device, device_id: known.device_id ?? `${device.platform}-${device.cpu_cores}core` };
}

function isAuto(device: EdgeDevice | AutoDevice): device is AutoDevice {
  return "auto" in device;
}

async function profileThisMachine(): Promise<EdgeDevice> {
  const { DeviceProfiler } = await importProfiler();
  return new DeviceProfiler().profile();
}

async function importProfiler() {
  try {
    return await import("@nanoagent/profiler");
  } catch (cause) {
    throw explainImport("@nanoagent/profiler", 'A config with device "auto"', cause);
  }
}
