import { NO_TOOL } from "../../../tool-calls/describe-tools.js";
import type { EngineMessage, EngineRequest, EngineTool } from "../../engine.js";
import { legalConversation } from "../../legal-conversation.js";
import type { RemoteServer } from "../server/remote-server.js";

/** How to request a reply from a server. The reply's own format is detected from its content. */
export interface ChatDialect {
  path: string;
  /** Content type to request for the response stream. */
  contentType: string;
  body(request: EngineRequest, form: ConversationForm): object;
}

/** Kinds of messages that a model's template supports. */
export interface ConversationForm {
  /** Whether calls and their results may be separate messages. */
  calls: boolean;
  /** Whether the system role is supported. */
  systemRole: boolean;
}

/** Returns the messages of a request in the form that every server accepts, instructions first. */
export function conversationOf(
  request: EngineRequest,
  server: RemoteServer,
  { calls, systemRole }: ConversationForm,
): EngineMessage[] {
  const callsAsText = !calls || toolsOf(request, server).tools === undefined;
  const { instructions, messages } = legalConversation(request, { callsAsText });
  if (instructions === null) return messages;
  if (systemRole) return [{ role: "system", content: instructions }, ...messages];
  // Without a system role, the instructions go into the first user message.
  const [first, ...others] = messages;
  const content = first === undefined ? instructions : `${instructions}\n\n${first.content}`;
  return [{ role: "user", content }, ...others];
}

/**
 * Returns simpler forms to try after a server refused a conversation in this form. A server often does not know what
 * its model's template accepts.
 */
export function simplerForms({ instructions, messages }: EngineRequest, form: ConversationForm): ConversationForm[] {
  const hasCalls = form.calls && messages.some(({ role, tool_calls = [] }) => role === "tool" || tool_calls.length > 0);
  const hasSystem = form.systemRole && (instructions !== null || messages[0]?.role === "system");
  return [
    ...(hasCalls ? [{ ...form, calls: false }] : []),
    ...(hasSystem ? [{ calls: form.calls && !hasCalls, systemRole: false }] : []),
  ];
}

/**
 * Returns the tools of a request in the format of both APIs. Empty if there are none, or if the model cannot call
 * tools.
 */
export function toolsOf({ tools = [] }: EngineRequest, { abilities }: RemoteServer): { tools?: object[] } {
  return tools.length === 0 || abilities.tools === false ? {} : { tools: tools.map(toolOf) };
}

/**
 * Returns the tools of a request whose reply must choose. With `toolChoice: "required"`, they include one that does
 * nothing, so that a model need not act when none fits.
 */
export function toolChoiceOf(request: EngineRequest, server: RemoteServer): { tools?: object[]; tool_choice?: string } {
  const { tools } = toolsOf(request, server);
  const { toolChoice = "auto" } = request;
  if (toolChoice === "auto" || tools === undefined) return {};
  if (toolChoice === "forced") return { tools, tool_choice: "required" };
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
