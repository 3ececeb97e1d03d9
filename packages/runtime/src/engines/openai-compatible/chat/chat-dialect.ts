import { NO_TOOL } from "../../../tool-calls/describe-tools.js";
import type { EngineMessage, EngineRequest, EngineTool } from "../../engine.js";
import { legalConversation } from "../../legal-conversation.js";
import type { RemoteServer } from "../server/remote-server.js";

/** How a server is asked for a reply. How it sends one, each reply says by itself. */
export interface ChatDialect {
  path: string;
  /** Of the stream that carries the reply, as it is asked for. */
  contentType: string;
  body(request: EngineRequest, form: ConversationForm): object;
}

/** What a conversation may hold for a model, and for its template. */
export interface ConversationForm {
  /** Whether calls and their results are messages of their own. */
  calls: boolean;
  /** Whether there is a place for instructions. */
  systemRole: boolean;
}

/** The messages of a request in the form that every server takes, the instructions first. */
export function conversationOf(
  request: EngineRequest,
  server: RemoteServer,
  { calls, systemRole }: ConversationForm,
): EngineMessage[] {
  const callsAsText = !calls || toolsOf(request, server).tools === undefined;
  const { instructions, messages } = legalConversation(request, { callsAsText });
  if (instructions === null) return messages;
  if (systemRole) return [{ role: "system", content: instructions }, ...messages];
  // A template that has no place for instructions is given them with the first thing that the user says.
  const [first, ...others] = messages;
  const content = first === undefined ? instructions : `${instructions}\n\n${first.content}`;
  return [{ role: "user", content }, ...others];
}

/**
 * The simpler forms that a conversation may be sent in after it was refused in this one: a server often does not know what
 * its model's template takes.
 */
export function simplerForms({ instructions, messages }: EngineRequest, form: ConversationForm): ConversationForm[] {
  const hasCalls = form.calls && messages.some(({ role, tool_calls = [] }) => role === "tool" || tool_calls.length > 0);
  const hasSystem = form.systemRole && (instructions !== null || messages[0]?.role === "system");
  return [
    ...(hasCalls ? [{ ...form, calls: false }] : []),
    ...(hasSystem ? [{ calls: form.calls && !hasCalls, systemRole: false }] : []),
  ];
}

/** The tools of a request as both APIs take them; nothing where there are none, or where the server refuses them. */
export function toolsOf({ tools = [] }: EngineRequest, { abilities }: RemoteServer): { tools?: object[] } {
  return tools.length === 0 || abilities.tools === false ? {} : { tools: tools.map(toolOf) };
}

/**
 * The tools of a request that must choose one, with one more that does nothing: a model that has to call something is not
 * to act where nothing fits.
 */
export function toolChoiceOf(request: EngineRequest, server: RemoteServer): { tools?: object[]; tool_choice?: string } {
  const { tools } = toolsOf(request, server);
  if (request.toolChoice !== "required" || tools === undefined) return {};
  const hasNone = request.tools?.some(({ name }) => name === NO_TOOL);
  return { tools: hasNone ? tools : [...tools, toolOf(noTool)], tool_choice: "required" };
}

const noTool: EngineTool = {
  name: NO_TOOL,
  description: "Does nothing: for a message that no other tool fits.",
  inputSchema: { type: "object", properties: {} },
};

function toolOf({ name, description, inputSchema }: EngineTool): object {
  return { type: "function", function: { name, description, parameters: inputSchema } };
}
