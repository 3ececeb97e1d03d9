import type { DecidedCall } from "../../choosing/decide.js";
import { newCallId } from "../../tool-calls/call-id.js";
import { NO_TOOL } from "../../tool-calls/describe-tools.js";
import type { EndReason } from "../engine.js";
import type { ReplyDraft } from "./reply-draft.js";
import { chooseText, writeCall } from "./write-call.js";
import { writeOwnForm } from "./write-own-form.js";
import { writeText } from "./write-text.js";

/** Writes a reply: text, and calls of tools where the model makes them. Each event is emitted as soon as it is certain. */
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

/** Writes a call whose tool is decided, with arguments that only the model can write. */
export async function writeDecidedCall(draft: ReplyDraft, { tool }: DecidedCall): Promise<EndReason> {
  return writeCall(draft, { tool, id: newCallId(), start: `${tool.name} ` });
}

/** Writes the call of the tool that the model chooses behind `lead`, or else text as if nothing had been asked. */
async function writeChoice(draft: ReplyDraft, lead: string): Promise<EndReason> {
  const { tools } = draft.task;
  if ((await draft.goTo(lead)) === "aborted") return "abort";
  // A name that another one begins with has ended where its arguments begin.
  const choices = new Map(tools.map((tool) => [` ${tool.name} {`, tool]));
  const chosen = await chooseText(draft, [...choices.keys(), ` ${NO_TOOL}`]);
  if (chosen === null) return "abort";
  const tool = choices.get(chosen);
  if (tool !== undefined) return writeCall(draft, { tool, id: newCallId(), start: `${lead} ${tool.name} ` });
  if (draft.task.toolChoice === "required") return "stop";
  return (await draft.goTo("")) === "aborted" ? "abort" : writeText(draft);
}
