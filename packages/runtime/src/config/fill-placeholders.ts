import { cutText } from "@nanoagent/models";
import { expandHome, homePath } from "../files/expand-home.js";
import { pathOfFileUrl } from "../files/path-of-file-url.js";
import { type ConfigDocument, offsetOf } from "./config-document.js";

type Path = readonly (string | number)[];
type Environment = Readonly<Record<string, string | undefined>>;

/** Values of a document that came from the environment. Their texts must not be shown. */
export interface FilledValues {
  /** Returns the variables in the value at a path, or an empty list if it has none. */
  variablesAt(path: Path): readonly string[];
}

/** `${NAME}`, with `:-default`, `-default`, `:?` or `?`; `$${` stands for `${`. */
const placeholderPattern = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]{0,200})(?:(:?[-?])([^{}]{0,4000}))?\}/g;

/**
 * Replaces environment variables in all texts of a document, except in those with their own use of braces: sentences
 * and answers of intents, and arguments of tools. `~` at the beginning of a path is the home folder. An unset variable,
 * or a placeholder of another form, is an issue with its position.
 */
export function fillPlaceholders(document: ConfigDocument, environment: Environment): FilledValues {
  const filled = new Map<string, readonly string[]>();
  const report = (path: Path, message: string) =>
    document.issues.push({ offset: offsetOf(document.root, path), message: `${path.join(".")}: ${message}` });
  document.value = fill(document.value, []);
  return { variablesAt: (path) => filled.get(JSON.stringify(path)) ?? [] };

  function fill(value: unknown, path: Path): unknown {
    if (typeof value === "string") return fillText(value, path);
    if (typeof value !== "object" || value === null || !mayBeFilled(path)) return value;
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...path, key])]));
  }

  function fillText(text: string, path: Path): string {
    const foreign = isPlace(path) ? foreignPlaceholder(text, path, environment) : null;
    if (foreign !== null) {
      report(path, `${foreign.found} is not a supported placeholder: ${foreign.advice}`);
      return text;
    }
    const variables: string[] = [];
    const mayBeHome = isPlace(path) || (isPartOfCommand(path) && homePath.test(text));
    const expanded = mayBeHome ? pathInHome(text, path) : text;
    const result = expanded.replace(placeholderPattern, (found: string, name: string | undefined, form, other) => {
      if (name === undefined) return "${";
      if (isArgument(name, path)) return found;
      variables.push(name);
      return valueOfVariable(name, form, other, path);
    });
    if (variables.length > 0) filled.set(JSON.stringify(path), variables);
    return isPath(path) ? pathOf(result, path) : result;
  }

  function pathOf(text: string, path: Path): string {
    const [address] = /^[a-z][a-z0-9+.-]+:\/\/[^/]{0,200}/i.exec(pathOfFileUrl(text)) ?? [];
    const { length } = filled.get(JSON.stringify(path)) ?? [];
    if (address === undefined || path.at(-1) === "model_path") return pathOfFileUrl(text);
    report(path, `${length ? "this" : `${address}…`} is an address, not a path on this device`);
    return text;
  }

  function valueOfVariable(name: string, form: string | undefined, other: string | undefined, path: Path): string {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    const isMissing = value === undefined || (value === "" && form !== "-" && form !== "?");
    if (!isMissing) return value;
    if (form?.endsWith("-") === true) return other ?? "";
    const state = value === undefined ? "not set" : "empty";
    const why = other === undefined || other === "" ? "" : ` (${cutText(other, 200)})`;
    const advice = `set it, add a default with \${${name}:-…}, or write $\${ for a literal \${`;
    report(path, `the environment variable ${name} is ${state}${why}: ${advice}`);
    return "";
  }

  function pathInHome(text: string, path: Path): string {
    const expanded = expandHome(text, environment.HOME ?? "");
    if ("path" in expanded) return expanded.path;
    report(path, `${expanded.problem}: ${expanded.advice}`);
    return text;
  }

  /** Whether `{name}`, with or without a dollar sign, is an argument of the tool whose command contains it. */
  function isArgument(name: string, path: Path): boolean {
    const tool = path[0] === "tools" ? valueAt(document.value, path.slice(0, 2)) : undefined;
    const settings = valueAt(tool, ["arguments"]);
    return isPartOfCommand(path) && typeof settings === "object" && settings !== null && Object.hasOwn(settings, name);
  }
}

function mayBeFilled(path: Path): boolean {
  return path[0] !== "intents" && !(path[0] === "tools" && path[2] === "arguments");
}

function isPartOfCommand(path: Path): boolean {
  return (path[0] === "tools" || path[0] === "mcp_servers") && path[2] === "command";
}

/** Values that contain a path or go into an environment. Placeholder syntax of other programs there is a mistake. */
function isPlace(path: Path): boolean {
  const key = String(path.at(-1));
  const isProgram = isPartOfCommand(path) && path.at(-1) === 0;
  return /(?:^|_)(?:path|root|dir|directory|url)$/.test(key) || path.includes("environment") || isProgram;
}

/** Values that name a file or a folder on this device. */
function isPath(path: Path): boolean {
  return isPlace(path) && !path.includes("environment") && !String(path.at(-1)).endsWith("url");
}

/** Placeholders of shells, Windows, systemd and template languages, with the name of the variable. */
const foreignForms: readonly RegExp[] = [
  /%([A-Za-z_]\w{2,})%/,
  /^\$([A-Za-z_]\w*)(?=$|[\\/])/,
  /[\\/]\$([A-Z_][A-Z0-9_]*)(?=$|[\\/])/,
  /^\$?\{?env:([A-Za-z_]\w*)\}?/i,
  /\{\{\s*(?:env[.\s]\s*["']?)?\$?([A-Za-z_]\w*)[^{}]{0,100}\}\}/,
  /<%=?[^%]{0,20}?([A-Z_][A-Z0-9_]*)["'\]\s]*%>/,
  /^[#@!]?\{([A-Z_][A-Z0-9_]*)\}(?=$|[\\/])/,
  /^!([A-Za-z_]\w*)!/,
];
/** An unclosed or unsupported `${`, and the variable that it may refer to. */
const OPEN_FORM = /\$\{[\s{#!]*(?:env[.:]\s*)?([A-Za-z_]\w*)?[^/\\{}]{0,40}\}{0,2}/i;
/** The output of a command, in shell syntax. A single backtick may be part of a name. */
const COMMAND_OUTPUT = /\$\([^()]{0,100}\)?|`[a-z]{2}[^`]{0,100}`/;
/** A systemd specifier at the beginning of a path, or the year of a date. */
const SPECIFIER = /^%[hHiInNpPuUtTSCLEV](?=$|[\\/])|%Y(?![A-Za-z0-9])/;

/** Returns a placeholder of another form, and its replacement, or null for a text without one. */
function foreignPlaceholder(
  text: string,
  path: Path,
  environment: Environment,
): { found: string; advice: string } | null {
  const open = OPEN_FORM.exec(text.replace(placeholderPattern, " "));
  for (const match of [...foreignForms.map((form) => form.exec(text)), open]) {
    if (match === null) continue;
    // Other template languages use lower-case names.
    const { 1: name = "NAME" } = match;
    return { found: match[0], advice: `write \${${Object.hasOwn(environment, name) ? name : name.toUpperCase()}}` };
  }
  if (path.includes("environment")) return null;
  const output = COMMAND_OUTPUT.exec(text);
  const advice = `write the value, or \${NAME} for an environment variable`;
  if (output !== null) return { found: output[0], advice };
  const specifier = String(path.at(-1)).endsWith("url") ? null : SPECIFIER.exec(text);
  if (specifier === null) return null;
  return { found: specifier[0], advice: specifier[0] === "%h" ? "write ~ for the home folder" : advice };
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((found, key) => {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    return (found as Record<string | number, unknown>)[key];
  }, value);
}
