import type { DecidedCall } from "../../choosing/decide.js";
import { newCallId } from "../../tool-calls/call-id.js";
import { NO_TOOL } from "../../tool-calls/describe-tools.js";
import type { EndReason } from "../engine.js";
import type { ReplyDraft } from "./reply-draft.js";
import { chooseText, writeCall } from "./write-call.js";
import { writeOwnForm } from "./write-own-form.js";
import { writeText } from "./write-text.js";

/** Writes a reply: text, and tool calls where the model makes them. Emits each event as soon as it is certain. */
export async function writeReply(draft: ReplyDraft): Promise<EndReason> {
  const { calling, text } = draft.task.prompt;
  draft.cache.mark(text, draft.evaluated.tokens);
  try {
    if (calling === null) return await writeText(draft);
    return await (calling.kind === "own-form" ? writeOwnForm(draft, calling.form) : writeChoice(draft, calling.lead));
  } finally {
    draft.cache.mark(text + draft.evaluated.text, draft.evaluated.tokens);
  }
}

/** Writes a call to a chosen tool, with arguments that only the model can supply. */
export async function writeDecidedCall(draft: ReplyDraft, { tool }: DecidedCall): Promise<EndReason> {
  return writeCall(draft, { tool, id: newCallId(), start: `${tool.name} ` });
}

/**
 * Writes a call to the tool that the model chooses after `lead`. If it chooses none, writes text as if it had not been
 * asked. A forced choice has no such option.
 */
async function writeChoice(draft: ReplyDraft, lead: string): Promise<EndReason> {
  const { tools, toolChoice } = draft.task;
  if ((await draft.goTo(lead)) === "aborted") return "abort";
  // If a name is the prefix of another, the beginning of its arguments shows that it is complete.
  const choices = new Map(tools.map((tool) => [` ${tool.name} {`, tool]));
  const none = toolChoice === "forced" ? [] : [` ${NO_TOOL}`];
  const chosen = await chooseText(draft, [...choices.keys(), ...none]);
  if (chosen === null) return "abort";
  const tool = choices.get(chosen);
  if (tool !== undefined) return writeCall(draft, { tool, id: newCallId(), start: `${lead} ${tool.name} ` });
  if (toolChoice === "required") return "stop";
  return (await draft.goTo("")) === "aborted" ? "abort" : writeText(draft);
}
