import { readFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { repository } from "../run-program.js";
import { block, code, generatedFrom, list, page, prose } from "./markdown.js";

/** A JSON Schema, as far as the config's uses it. */
interface Schema {
  type?: string | readonly string[];
  description?: string;
  default?: unknown;
  examples?: readonly unknown[];
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: readonly Schema[];
  enum?: readonly unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

/** A key of an object. */
interface Key {
  name: string;
  schema: Schema;
  isRequired: boolean;
  /** Condition in words where the key belongs to some alternatives of its object only. */
  condition: string;
}

/** Objects of one kind that a key holds. An object may have alternatives, which differ in their keys. */
interface ObjectGroup {
  introduction: string;
  /** The part of a key's path between the group and the key's name: `[]` for a list, `.*` for a map. */
  mark: string;
  alternatives: readonly Schema[];
}

/** The example at the head of the page. */
const exampleConfig = `# yaml-language-server: $schema=./node_modules/@nanoagent/models/schemas/nano-agent-config.json
spec:
  name: greenhouse
  capabilities: [read_soil] # tools that the model may use
  max_memory_mb: 512
model_path: models/small-q4_0.gguf # without it, sentences and the built-in rules answer
instructions: You look after a greenhouse. Answer in one sentence.
tools:
  - name: read_soil
    description: Says how wet the soil of a bed is.
    command: [./read-soil, "{bed}"]
    arguments:
      bed: { type: string, enum: [north, south] }
    changes_world: false
intents:
  slots:
    bed: [north, south]
  definitions:
    - name: soil
      sentences: ["how (wet|dry) is the {bed} bed"]
      tool: read_soil
      answer: "Soil in the {bed} bed: {result}"
session:
  dir: \${STATE_DIRECTORY:-state} # the conversation continues after a restart
`;

/** How the page explains the facts of a device, once. */
const FACTS =
  "A fact is an object with a `value`, such as `{value: 4096}`. In the output of `nanoagent profile --json` it also has a `source` and a `confidence`, or an `error` in place of the value.";

/** Returns docs/config.md. */
export function writeConfig(): string {
  const file = path.join(repository, "packages/models/schemas/nano-agent-config.json");
  const schema: Schema = JSON.parse(readFileSync(file, "utf8"));
  return new ConfigPage(schema).write();
}

class ConfigPage {
  readonly #schema: Schema;
  #hasExplainedFacts = false;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  write(): string {
    const { description = "", properties = {} } = this.#schema;
    return page(
      generatedFrom("packages/models/src/descriptions"),
      "# The config",
      prose(description),
      block("yaml", exampleConfig),
      list([
        "The file is YAML, or JSON where its name ends in `.json`. `nanoagent init` writes one for your device, and `nanoagent check` says what is wrong with one.",
        "The first line of the example lets an editor complete and check the file. The schema is `schemas/nano-agent-config.json` of the package `@nanoagent/models`.",
        "Paths are relative to the config file. `~/` at the beginning of a path is the user's home folder.",
        "A map has entries with names of your choice. In a list, each entry begins with a hyphen.",
      ]),
      "## All keys",
      list(
        Object.entries(properties).map(
          ([name, key]) =>
            `[\`${name}\`](#${name.replaceAll("$", "")}): ${prose(firstSentence(key.description ?? ""))}`,
        ),
      ),
      ...Object.entries(properties).map(([name, key]) => this.#section(name, key)),
    );
  }

  /** A key of the top level, with everything below it. */
  #section(name: string, schema: Schema): string {
    const { examples = [], description = "" } = schema;
    const shown = examples.map((value) => {
      const config = name === "spec" ? { spec: value } : { spec: { name: "greenhouse" }, [name]: value };
      return block("yaml", stringify(config, { lineWidth: 0 }));
    });
    return page(
      `## ${name}`,
      prose(description),
      this.#facts(schema),
      shown.length === 0 ? "" : shown.length === 1 ? "Example:" : "Examples:",
      ...shown,
      this.#nested(name, schema),
    ).trimEnd();
  }

  /** The keys of the objects that a key holds, and a section for each of them that holds objects itself. */
  #nested(place: string, schema: Schema): string {
    const groups = this.#objectsIn(schema);
    const sections = groups.flatMap(({ mark, alternatives }) =>
      keysOf(alternatives).flatMap(({ name, schema: key }) => {
        const inner = `${place}${mark}.${name}`;
        const nested = this.#nested(inner, key);
        return nested === "" ? [] : [`### ${inner.replaceAll("*", "\\*")}`, nested];
      }),
    );
    const facts = groups.some(({ alternatives }) =>
      keysOf(alternatives).some(({ schema: key }) => this.#isFact(this.#resolve(key))),
    );
    const aboutFacts = facts && !this.#hasExplainedFacts ? FACTS : "";
    this.#hasExplainedFacts ||= facts;
    const lists = groups.flatMap(({ introduction, alternatives }) => [
      introduction,
      list(keysOf(alternatives).map((key) => this.#entry(key))),
    ]);
    return page(aboutFacts, ...lists, ...sections).trimEnd();
  }

  #entry({ name, schema, isRequired, condition }: Key): string {
    const { description = "", examples = [] } = schema;
    const facts = [
      this.#typeOf(schema),
      isRequired ? "required" : "",
      condition,
      schema.default === undefined ? "" : `default ${inline(schema.default)}`,
    ].filter((fact) => fact !== "");
    const shown = examples.filter((value) => !isDeep(value));
    const example =
      shown.length === 0 ? "" : ` Example${shown.length > 1 ? "s" : ""}: ${shown.map(inline).join(", ")}.`;
    return `**\`${name}\`** (${facts.join("; ")}): ${prose(description)}${example}`;
  }

  #facts(schema: Schema): string {
    const type = this.#typeOf(schema);
    const value = schema.default === undefined ? "" : ` Default: ${inline(schema.default)}.`;
    return `Type: ${type}.${value}`;
  }

  /** The objects that a key holds: itself, or as entries of a list or map. Empty where it holds none. */
  #objectsIn(schema: Schema): ObjectGroup[] {
    const found = this.#resolve(schema);
    if (this.#isFact(found)) return this.#objectsIn(found.anyOf?.[0]?.properties?.value?.items ?? {}).map(inList);
    if (found.properties !== undefined) return [{ introduction: "", mark: "", alternatives: [found] }];
    if (found.items !== undefined) return this.#objectsIn(found.items).map(inList);
    if (typeof found.additionalProperties === "object") {
      const groups = this.#objectsIn(found.additionalProperties);
      return groups.map((group) => ({
        ...group,
        introduction:
          groups.length > 1
            ? `An entry of the map can be ${group.mark === "" ? "an object" : "a list of objects"} with these keys:`
            : "Each entry of the map has these keys:",
        mark: `.*${group.mark}`,
      }));
    }
    const alternatives = (found.anyOf ?? []).filter(({ properties }) => properties !== undefined);
    const own = alternatives.length === 0 ? [] : [{ introduction: "", mark: "", alternatives }];
    const others = (found.anyOf ?? []).filter(({ properties }) => properties === undefined);
    return [...own, ...others.flatMap((other) => this.#objectsIn(other))];
  }

  #resolve({ $ref, ...schema }: Schema): Schema {
    if ($ref === undefined) return schema;
    return { ...this.#schema.$defs?.[$ref.replace("#/$defs/", "")], ...schema };
  }

  /** Whether a schema is that of a device's fact, `{ value, source, confidence }` or `{ error }`. */
  #isFact({ anyOf = [] }: Schema): boolean {
    return anyOf.some(({ properties }) => properties?.confidence !== undefined);
  }

  /** The type in words: `whole number, at least 1`. */
  #typeOf(schema: Schema): string {
    const found = this.#resolve(schema);
    if (this.#isFact(found)) return `fact: ${this.#typeOf(found.anyOf?.[0]?.properties?.value ?? {})}`;
    if (found.const !== undefined) return inline(found.const);
    if (found.enum !== undefined) return [...new Set(found.enum.map(inline))].join(" or ");
    if (found.anyOf !== undefined) return [...new Set(found.anyOf.map((one) => this.#typeOf(one)))].join(" or ");
    if (found.items !== undefined) {
      const most = found.maxItems === undefined ? "" : `, at most ${found.maxItems}`;
      return `list of ${plural(this.#typeOf(found.items))}${most}`;
    }
    if (found.properties !== undefined) return "object";
    if (found.additionalProperties !== undefined) {
      const value = typeof found.additionalProperties === "object" ? this.#typeOf(found.additionalProperties) : "";
      return value === "" || value.includes(" or ") ? "map" : `map of ${plural(value)}`;
    }
    // A number may be the name of an environment variable, whose type stands second.
    const [type = "", second] = [found.type ?? []].flat();
    return `${type}${rangeOf(found)}${second === "null" ? " or null" : ""}`;
  }
}

function plural(type: string): string {
  return type === "" ? "values" : type.replace(/^(string|integer|number|boolean|list|map|object)\b/, "$1s");
}

function rangeOf({ minimum, maximum }: Schema): string {
  if (minimum === undefined) return "";
  return ` from ${minimum}${maximum === undefined ? "" : ` to ${maximum}`}`;
}

function inList({ alternatives, mark }: ObjectGroup): ObjectGroup {
  return { introduction: "Each entry has these keys:", mark: `[]${mark}`, alternatives };
}

/** The keys of an object with alternatives, each once: those of all alternatives and those of some. */
function keysOf(alternatives: readonly Schema[]): Key[] {
  const names = [...new Set(alternatives.flatMap(({ properties = {} }) => Object.keys(properties)))];
  return names.map((name) => {
    const having = alternatives.filter(({ properties }) => properties?.[name] !== undefined);
    const requiring = having.filter(({ required = [] }) => required.includes(name));
    // Each alternative is known by a required key that no other has.
    const markOf = (schema: Schema) =>
      schema.required?.find((key) => alternatives.every((other) => other === schema || !other.properties?.[key]));
    const isOwn = having.length < alternatives.length && having.some((schema) => markOf(schema) !== name);
    const marks = having.map(markOf).filter((mark) => mark !== undefined);
    const others = alternatives.filter((schema) => !requiring.includes(schema)).map(markOf);
    const isPartlyRequired = requiring.length > 0 && requiring.length < having.length;
    return {
      name,
      schema: having[0]?.properties?.[name] ?? {},
      isRequired: requiring.length === alternatives.length,
      condition:
        isOwn && marks.length > 0
          ? `only with ${marks.map(code).join(" or ")}`
          : isPartlyRequired
            ? `required without ${others
                .filter((mark) => mark !== undefined)
                .map(code)
                .join(" and ")}`
            : "",
    };
  });
}

function firstSentence(text: string): string {
  return text.replace(/\.\s.*$/s, ".");
}

/** A value as inline code, in the form of YAML on one line. */
function inline(value: unknown): string {
  if (typeof value === "string") return code(value);
  return code(stringify(value, { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 }).trim());
}

function isDeep(value: unknown): boolean {
  return JSON.stringify(value).length > 80;
}
