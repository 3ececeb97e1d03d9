import { type NanoAgentConfig, nearestName, type ToolAct, type TriggerSettings } from "@nanoagent/models";
import { InvalidIntentsError } from "@nanoagent/runtime";
import { IntentMatcher } from "@nanoagent/runtime/node";
import { engineTypeOf, mayBelongToServer, ToolSet, validateJson } from "@nanoagent/runtime/program";
import type { CheckedPart, ConfigPath } from "./check-report.js";
import type { CheckedTool } from "./check-tools.js";

/** Most texts that are tried to see whether a sentence with placeholders can match an intent. */
const MAX_TRIED_SENTENCES = 500;

const placeholder = /\{[A-Za-z_][^{}\s"':,]*\}/;
const placeholders = new RegExp(placeholder, "g");

/** Checks what the triggers of a config do: their tools, sentences and messages. */
export class ActCheck {
  readonly #part: CheckedPart;
  readonly #config: NanoAgentConfig;
  readonly #tools: readonly CheckedTool[];
  /** Null without intents, or where they are wrong, which is reported with them. */
  readonly #intents: IntentMatcher | null;

  constructor(part: CheckedPart, config: NanoAgentConfig, tools: readonly CheckedTool[]) {
    this.#part = part;
    this.#config = config;
    this.#tools = tools;
    this.#intents = compiled(config);
  }

  async check(place: ConfigPath, { name, do: act }: TriggerSettings): Promise<void> {
    if ("tool" in act) await this.#checkTool([...place, "do"], name, act);
    else if ("sentence" in act) this.#checkSentence([...place, "do", "sentence"], name, act.sentence);
    else if (engineTypeOf(this.#config) === "rules") {
      this.#part.warn([...place, "do", "message"], {
        code: "no-model",
        message: `The trigger "${name}" sends a message, and this agent has no model that could answer it.`,
        hint: "Use do: { sentence: … } for an intent or do: { tool: … }, or add a model.",
      });
    }
  }

  async #checkTool(place: ConfigPath, trigger: string, act: ToolAct): Promise<void> {
    const { tools: commands = [], mcp_servers = {} } = this.#config;
    const tool = this.#tools.find(({ name }) => name === act.tool);
    if (tool === undefined) {
      const servers = Object.keys(mcp_servers);
      // An invalid tool was reported with the tools, and the tools of a server are not known here.
      if (commands.some(({ name }) => name === act.tool) || mayBelongToServer(act.tool, servers)) return;
      const known = [...this.#tools.map(({ name }) => name), ...servers.map((name) => `${name}_`)];
      const nearest = nearestName(act.tool, known);
      const hint = nearest === null ? "Add it to tools, or name one of them." : `Did you mean "${nearest}"?`;
      this.#error([...place, "tool"], `There is no tool named "${act.tool}".`, hint);
      return;
    }
    this.#checkPermission([...place, "tool"], trigger, tool);
    await this.#checkArguments([...place, "arguments"], tool, act.arguments ?? {});
  }

  #checkPermission(place: ConfigPath, trigger: string, { name, permission }: CheckedTool): void {
    if (permission === "never") {
      const message = `The trigger "${trigger}" cannot use the tool ${name}, because its permission is never.`;
      this.#error(place, message, "Set permission: always for the tool, or choose another one.");
    } else if (permission === "ask") {
      this.#part.warn(place, {
        code: "nobody-to-ask",
        message: `The tool ${name} asks first, and when "${trigger}" uses it, perhaps nobody is there to answer.`,
        hint: "Set permission: always for the tool if it may run unasked. Otherwise keep the page or a client open.",
      });
    }
  }

  /** Checks the names of the arguments, and the values that are known before an event. */
  async #checkArguments(place: ConfigPath, tool: CheckedTool, given: Record<string, unknown>): Promise<void> {
    const { properties = {}, required = [] } = tool.inputSchema as {
      properties?: Record<string, object>;
      required?: string[];
    };
    const missing = required.filter((name) => !Object.hasOwn(given, name));
    const unknown = Object.keys(given).filter((name) => !Object.hasOwn(properties, name));
    for (const name of missing) this.#error(place, `The argument "${name}" of ${tool.name} is missing.`);
    for (const name of unknown) {
      const nearest = nearestName(name, Object.keys(properties));
      const hint = nearest === null ? undefined : `Did you mean "${nearest}"?`;
      this.#error([...place, name], `${tool.name} has no argument "${name}".`, hint);
    }
    if (missing.length > 0 || unknown.length > 0) return;
    // As in a call, a number as text is taken for the number.
    const tools = await ToolSet.open([tool]);
    const converted = tools.argumentsFor({ id: "check", name: tool.name, arguments: given }) as Record<string, unknown>;
    const fixed = Object.entries(converted).filter(([, value]) => !hasPlaceholder(value));
    for (const [name, value] of fixed) {
      const issue = issueOf(tool.inputSchema, name, value);
      if (issue !== null) this.#error([...place, name], `${tool.name} cannot take this value: ${issue}.`);
    }
  }

  #checkSentence(place: ConfigPath, trigger: string, sentence: string): void {
    if (this.#config.intents === undefined) {
      this.#error(place, `The trigger "${trigger}" says a sentence, and this agent has no intents.`, "Add intents.");
      return;
    }
    if (this.#intents === null) return;
    const match = this.#matchOf(sentence, this.#intents);
    if (match === "too-many") return;
    if (match === null) {
      const isFixed = !placeholder.test(sentence);
      const message = isFixed
        ? `No intent matches the sentence "${sentence}".`
        : `No intent seems to match the sentence "${sentence}", whatever the event contains.`;
      const hint = "Compare it with intents.definitions; nanoagent triggers test shows the sentence for one event.";
      if (isFixed) this.#error(place, message, hint);
      else this.#part.warn(place, { code: "no-intent-matches", message, hint });
      return;
    }
    const tool = this.#tools.find(({ name }) => name === match.call?.tool);
    if (tool !== undefined) this.#checkPermission(place, trigger, tool);
  }

  /** Tries the values of slots in the place of placeholders. */
  #matchOf(sentence: string, intents: IntentMatcher): ReturnType<IntentMatcher["match"]> | "too-many" {
    const count = sentence.match(placeholders)?.length ?? 0;
    if (count === 0) return intents.match(sentence);
    const words = sampleWords(this.#config);
    if (words.length ** count > MAX_TRIED_SENTENCES) return "too-many";
    for (let number = 0; number < words.length ** count; number += 1) {
      let rest = number;
      const tried = sentence.replace(placeholders, () => {
        const word = words[rest % words.length] ?? "";
        rest = Math.floor(rest / words.length);
        return word;
      });
      const match = intents.match(tried);
      if (match !== null) return match;
    }
    return null;
  }

  #error(place: ConfigPath, message: string, hint?: string): void {
    this.#part.error(place, { code: "invalid-config", message, hint: hint ?? null });
  }
}

function compiled({ intents }: NanoAgentConfig): IntentMatcher | null {
  try {
    return intents === undefined ? null : IntentMatcher.compile(intents);
  } catch (error) {
    if (error instanceof InvalidIntentsError) return null;
    throw error;
  }
}

function hasPlaceholder(value: unknown): boolean {
  if (typeof value === "string") return placeholder.test(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasPlaceholder);
}

/** Returns why an argument does not satisfy the tool's schema, or null. */
function issueOf(schema: object, name: string, value: unknown): string | null {
  const { properties = {} } = schema as { properties?: Record<string, object> };
  const property = properties[name];
  if (property === undefined) return null;
  const { required: _, ...rest } = schema as { required?: unknown };
  try {
    const result = validateJson({ ...rest, type: "object", properties: { [name]: property } }, { [name]: value });
    return result.valid ? null : result.issues.map(({ path, message }) => `${path} ${message}`).join("; ");
  } catch {
    // A schema that cannot be read is reported with the tools.
    return null;
  }
}

/** Returns words that stand for a value of an event: a number, a name, and the words of the intents' slots. */
function sampleWords({ intents }: NanoAgentConfig): string[] {
  const words = new Set(["1", "20", "x"]);
  for (const slot of Object.values(intents?.slots ?? {})) {
    if (slot === "text") continue;
    if (!Array.isArray(slot)) words.add(String(slot.from));
    else for (const value of slot) for (const word of wordsOf(value)) words.add(word);
  }
  return [...words];
}

function wordsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [String(value)];
  const { say = [] } = value as { say?: string[] | Record<string, string[]> };
  return (Array.isArray(say) ? [say] : Object.values(say)).map(([first = ""]) => first);
}
