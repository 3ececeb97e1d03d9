import type { DecidedCall } from "../../choosing/decide.js";
import type { CallForm } from "../../tool-calls/call-form.js";
import { NO_TOOL } from "../../tool-calls/describe-tools.js";
import type { EndReason } from "../engine.js";
import type { ReplyDraft } from "./reply-draft.js";
import { chooseText, writeCall } from "./write-call.js";
import { writeText, writeTextUpTo } from "./write-text.js";

/** After this many calls in one reply the model has lost its thread. */
const MAX_CALLS_OF_A_REPLY = 8;

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
  return writeCall(draft, tool, `${tool.name} `);
}

/** Writes the call of the tool that the model chooses behind `lead`, or else text as if nothing had been asked. */
async function writeChoice(draft: ReplyDraft, lead: string): Promise<EndReason> {
  const { tools } = draft.task;
  if ((await draft.goTo(lead)) === "aborted") return "abort";
  const choices = [...tools.map(({ name }) => name), NO_TOOL].map((name) => ` ${name}`);
  const name = await chooseText(draft, choices);
  if (name === null) return "abort";
  const tool = tools.find((tool) => ` ${tool.name}` === name);
  if (tool !== undefined) return writeCall(draft, tool, `${lead}${name} `);
  return (await draft.goTo("")) === "aborted" ? "abort" : writeText(draft);
}

/** Writes text, and a call wherever the model begins one. */
async function writeOwnForm(draft: ReplyDraft, form: CallForm): Promise<EndReason> {
  const { tools } = draft.task;
  const names = tools.map(({ name }) => name);
  for (let calls = 0; calls < MAX_CALLS_OF_A_REPLY; calls++) {
    const reason = await writeTextUpTo(draft, form.mark);
    if (reason !== "call") return calls > 0 && reason !== "abort" ? "tool-calls" : reason;
    const start = draft.evaluated.text + form.before;
    if ((await draft.goTo(start)) === "aborted") return "abort";
    const name = await chooseText(draft, names);
    const tool = tools.find((tool) => tool.name === name);
    if (tool === undefined) return "abort";
    const end = await writeCall(draft, tool, start + tool.name + form.between);
    if (end !== "tool-calls") return end;
    if ((await draft.goTo(draft.evaluated.text + form.after)) === "aborted") return "abort";
  }
  return "tool-calls";
}
