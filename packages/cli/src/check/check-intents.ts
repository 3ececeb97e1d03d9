import { type IntentDefinition, type NanoAgentConfig, nearestName } from "@nanoagent/models";
import { InvalidIntentsError } from "@nanoagent/runtime";
import { findAmbiguities, IntentMatcher } from "@nanoagent/runtime/node";
import { mayBelongToServer } from "@nanoagent/runtime/program";
import type { CheckedPart, CheckReport, ConfigPath } from "./check-report.js";
import type { CheckedTool } from "./check-tools.js";

/** Checks the syntax of the sentences, that the tools they call exist, and that no two intents match one message. */
export function checkIntents(report: CheckReport, config: NanoAgentConfig, tools: readonly CheckedTool[]): void {
  const { intents } = config;
  if (intents === undefined) return;
  const part = report.part("Intents");
  const { definitions } = intents;
  part.summary = describe(definitions);
  let matcher: IntentMatcher;
  try {
    matcher = IntentMatcher.compile(intents);
  } catch (error) {
    if (!(error instanceof InvalidIntentsError)) throw error;
    for (const { path, column, message } of error.issues) {
      const where = column === null ? "" : ` (character ${column})`;
      part.error(["intents", ...path], { code: error.code, message: `${message}${where}`, hint: error.hint });
    }
    return;
  }
  const servers = Object.keys(config.mcp_servers ?? {});
  for (const [index, definition] of definitions.entries()) {
    checkCall(part, index, definition, { matcher, tools, commands: config.tools ?? [], servers });
  }
  reportAmbiguities(part, definitions, matcher);
}

function describe(definitions: readonly IntentDefinition[]): string {
  const sentences = definitions.flatMap((definition) => Object.values(definition.sentences).flat()).length;
  const languages = new Set(
    definitions.flatMap((definition) => (Array.isArray(definition.sentences) ? [] : Object.keys(definition.sentences))),
  );
  const inLanguages = languages.size === 0 ? "" : ` in ${[...languages].sort().join(" and ")}`;
  return `${definitions.length} with ${sentences} ${sentences === 1 ? "sentence" : "sentences"}${inLanguages}`;
}

interface Surroundings {
  matcher: IntentMatcher;
  tools: readonly CheckedTool[];
  commands: readonly { name: string }[];
  /** Names of MCP servers. Their tools are unknown. */
  servers: readonly string[];
}

/** Checks that the intent's tool exists, and that each sentence supplies the tool's arguments. */
function checkCall(part: CheckedPart, index: number, definition: IntentDefinition, surroundings: Surroundings): void {
  const { tool: wanted } = definition;
  if (wanted === undefined) return;
  const { matcher, tools, commands, servers } = surroundings;
  const path: ConfigPath = ["intents", "definitions", index];
  const tool = tools.find(({ name }) => name === wanted);
  if (tool === undefined) {
    // An invalid tool was reported with the tools.
    if (commands.some(({ name }) => name === wanted)) return;
    if (mayBelongToServer(wanted, servers)) return;
    const nearest = nearestName(wanted, [...tools.map(({ name }) => name), ...servers.map((name) => `${name}_`)]);
    const message = `There is no tool named "${wanted}".`;
    const hint = nearest === null ? null : `Did you mean "${nearest}"?`;
    part.error([...path, "tool"], { code: "invalid-intents", message, hint });
    return;
  }
  const { properties = {}, required = [] } = tool.inputSchema as { properties?: object; required?: string[] };
  const defaults = Object.keys(definition.defaults ?? {});
  for (const entry of matcher.sentences) {
    if (entry.intent.definition !== definition) continue;
    const said = new Set([...entry.sentence.slotNames.keys(), ...defaults]);
    const given = definition.arguments === undefined ? [...said] : Object.keys(definition.arguments);
    const unknown = given.filter((name) => !Object.hasOwn(properties, name));
    const missing = required.filter((name) => !given.includes(name));
    if (unknown.length === 0 && missing.length === 0) continue;
    const at =
      definition.arguments === undefined ? placeOfSentence(definition, entry.sentence.template) : ["arguments"];
    const issues = [
      ...unknown.map((name) => `it has no argument "${name}"`),
      ...missing.map((name) => `its argument "${name}" is missing`),
    ];
    part.error([...path, ...at], {
      code: "invalid-intents",
      message: `The sentence "${entry.sentence.template}" cannot call ${wanted}: ${issues.join("; ")}.`,
      hint: "Name the slot after the argument ({slot:argument}), or set arguments or defaults.",
    });
  }
}

function placeOfSentence({ sentences }: IntentDefinition, template: string): ConfigPath {
  if (Array.isArray(sentences)) return ["sentences", Math.max(0, sentences.indexOf(template))];
  for (const [language, templates] of Object.entries(sentences)) {
    const at = templates.indexOf(template);
    if (at >= 0) return ["sentences", language, at];
  }
  return ["sentences"];
}

function reportAmbiguities(part: CheckedPart, definitions: readonly IntentDefinition[], matcher: IntentMatcher): void {
  const { found, complete } = findAmbiguities(matcher);
  for (const {
    intents: [first, second],
    sentences,
    example,
  } of found) {
    const index = definitions.findIndex(({ name }) => name === second);
    const definition = definitions[index];
    const at = definition === undefined ? [] : placeOfSentence(definition, sentences[1]);
    part.warn(["intents", "definitions", index, ...at], {
      code: "ambiguous-intents",
      message: `"${example}" matches the intents ${first} and ${second}; ${first} runs because it comes first.`,
      reason: `"${sentences[0]}" and "${sentences[1]}" both match it, and neither is more specific.`,
      hint: "Reword one of the sentences.",
    });
  }
  if (!complete) {
    part.warn(["intents"], {
      code: "ambiguities-unknown",
      message: "Too many sentences: not all pairs were searched for messages that match both.",
    });
  }
}
