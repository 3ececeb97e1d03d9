import type { NanoAgentConfig, ToolPermission, TriggerSettings } from "@nanoagent/models";
import type { Tool, WillRun } from "@nanoagent/runtime";
import { commandTool, IntentMatcher } from "@nanoagent/runtime/node";
import { engineTypeOf, mayBelongToServer, ToolSet, validateJson } from "@nanoagent/runtime/program";
import { loadTriggerParts } from "@nanoagent/server/program";
import type { TypedEvent } from "./read-event.js";

/** The act that an event would lead to. */
export interface PlannedAct {
  readonly kind: "tool" | "sentence" | "message";
  /** The sentence or message with its values, or null. */
  readonly text: string | null;
  /** Intent of the sentence, or null. */
  readonly intent: string | null;
  /** The tool that would run, or null. */
  readonly tool: string | null;
  /** Its arguments with their values, or null. */
  readonly arguments: unknown;
  readonly permission: ToolPermission | null;
  /** The command or server that would run, or null where that is not known here. */
  readonly will_run: WillRun | null;
  /** Why the act would fail, one sentence, or null. */
  readonly problem: string | null;
  /** A fact that only the opened agent knows, or null. */
  readonly notice: string | null;
}

const EVENT_ID = "test";

const nothing: Omit<PlannedAct, "kind"> = {
  text: null,
  intent: null,
  tool: null,
  arguments: null,
  permission: null,
  will_run: null,
  problem: null,
  notice: null,
};

/** Plans the act of an event, without doing it and without opening the agent. */
export async function planAct(
  { name, do: act }: TriggerSettings,
  event: TypedEvent,
  config: NanoAgentConfig,
): Promise<PlannedAct> {
  const { fillText, fillValue, TemplateError } = await loadTriggerParts();
  const values = { event: { ...event, id: EVENT_ID, trigger: name } };
  try {
    if ("tool" in act) {
      return {
        ...nothing,
        kind: "tool",
        ...(await planCall(act.tool, fillValue(act.arguments ?? {}, values), config)),
      };
    }
    if ("message" in act) return planMessage(fillText(act.message, values), config);
    return await planSentence(fillText(act.sentence, values), config);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const kind = "tool" in act ? "tool" : "sentence" in act ? "sentence" : "message";
    return {
      ...nothing,
      kind,
      tool: "tool" in act ? act.tool : null,
      problem: `The act cannot be formed: ${error.message}.`,
    };
  }
}

function planMessage(text: string, config: NanoAgentConfig): PlannedAct {
  const hasModel = engineTypeOf(config) !== "rules";
  const problem = hasModel || config.intents !== undefined ? null : "This agent has no model that could answer it.";
  const notice = hasModel ? "The model decides what to do; it is not asked now." : null;
  return { ...nothing, kind: "message", text, problem, notice };
}

async function planSentence(text: string, config: NanoAgentConfig): Promise<PlannedAct> {
  const match = config.intents === undefined ? null : IntentMatcher.compile(config.intents).match(text);
  const planned = { ...nothing, kind: "sentence", text } as const;
  if (match === null) return { ...planned, problem: "No intent matches the sentence." };
  const call = match.call === null ? {} : await planCall(match.call.tool, match.call.arguments, config);
  return { ...planned, intent: match.intent, ...call };
}

async function planCall(name: string, given: unknown, config: NanoAgentConfig): Promise<Partial<PlannedAct>> {
  const planned = { tool: name, arguments: given };
  const settings = config.tools?.find((tool) => tool.name === name);
  if (settings === undefined) {
    const isOfServer = mayBelongToServer(name, Object.keys(config.mcp_servers ?? {}));
    if (!isOfServer) return { ...planned, problem: `There is no tool named "${name}".` };
    return { ...planned, notice: "The tool belongs to an MCP server, which is not started now." };
  }
  const tool: Tool = commandTool(settings, process.cwd());
  const { permission } = tool;
  const tools = await ToolSet.open([tool]);
  const converted = tools.argumentsFor({ id: EVENT_ID, name, arguments: given });
  const checked = validateJson(tool.inputSchema, converted);
  if (!checked.valid) {
    const issues = checked.issues.map(({ path, message }) => `${path || "/"} ${message}`).join("; ");
    return { ...planned, permission, problem: `The arguments of ${name} are not right: ${issues}.` };
  }
  const problem = permission === "never" ? "The tool's permission is never." : null;
  try {
    const will_run = tool.describeRun?.(converted as never) ?? null;
    return { tool: name, arguments: converted, permission, will_run, problem };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...planned, permission, problem: problem ?? `The arguments of ${name} are not right: ${message}.` };
  }
}
