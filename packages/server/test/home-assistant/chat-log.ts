/** A call as Home Assistant runs it. */
export interface ToolInput {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

/** A piece of a reply, as the parser of an integration passes it to the chat log. */
export interface Delta {
  role?: "assistant";
  content?: string | null;
  thinking?: string;
  calls?: ToolInput[];
}

/** A message that the chat log has put together. */
export interface AssistantContent {
  content: string | null;
  thinking: string;
  calls: ToolInput[];
}

/**
 * Puts deltas together as `ChatLog.async_add_delta_content_stream` does: the first one must have the role, and a role
 * begins a message. Throws where Home Assistant would fail.
 */
export async function addDeltas(deltas: AsyncIterable<Delta>): Promise<AssistantContent> {
  let message: AssistantContent | null = null;
  for await (const delta of deltas) {
    if (delta.role !== undefined) {
      if (message !== null) throw new Error("A second message begins within one reply");
      message = { content: "", thinking: "", calls: [] };
    }
    if (message === null) throw new Error("A delta came before the role");
    message.content += delta.content ?? "";
    message.thinking += delta.thinking ?? "";
    message.calls.push(...(delta.calls ?? []));
  }
  if (message === null) throw new Error("The reply has no message");
  return { ...message, content: message.content || null };
}

/** Tools of Home Assistant's Assist, as the integrations describe them. The second one has no parameters. */
export const assistTools = [
  {
    type: "function",
    function: {
      name: "HassTurnOn",
      description: "Turns on/opens/presses a device or entity.",
      parameters: {
        type: "object",
        properties: {
          name: { type: "string" },
          area: { type: "string" },
          domain: { type: "array", items: { type: "string" } },
        },
        required: [],
      },
    },
  },
  {
    type: "function",
    function: {
      name: "GetLiveContext",
      description: "Provides real-time information about the CURRENT state of devices.",
      parameters: { type: "object", properties: {}, required: [] },
    },
  },
];

export const systemPrompt =
  "Current time is 12:00:00. Today's date is 2026-11-29.\nYou are a voice assistant for Home Assistant.\n" +
  "Static Context: An overview of the areas and the devices in this smart home:\n- names: Kitchen Light\n  domain: light\n";
