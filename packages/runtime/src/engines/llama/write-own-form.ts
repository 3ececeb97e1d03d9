import { newCallId } from "../../tool-calls/call-id.js";
import { keyedProperties } from "../../tool-calls/keyed-grammar.js";
import { marksOf, type OwnCallForm, withCallId } from "../../tool-calls/own-call-form.js";
import type { EndReason, EngineTool } from "../engine.js";
import { endOfThought } from "../reasoning-marks.js";
import type { ReplyDraft } from "./reply-draft.js";
import { chooseText, isNotEnding, writeCall } from "./write-call.js";
import { writeKeyedArguments } from "./write-keyed-arguments.js";
import { writeTextUpTo } from "./write-text.js";

/** Most calls per reply. With more, the model is in a loop. */
const MAX_CALLS_OF_A_REPLY = 8;

/**
 * Writes text, and a call wherever the model starts one. The name must be one of the tools, and the arguments follow
 * the tool's schema in the form's notation. A forced reply begins with a call, without reasoning before it.
 */
export async function writeOwnForm(draft: ReplyDraft, form: OwnCallForm): Promise<EndReason> {
  const { tools, toolChoice, prompt } = draft.task;
  const names = tools.map(({ name }) => name);
  const marks = { texts: marksOf(form, names), isBeginning: form.mark === null };
  let calls = 0;
  while (calls < MAX_CALLS_OF_A_REPLY) {
    let named: string | null = null;
    let start: string;
    if (toolChoice === "forced" && calls === 0) {
      start = prompt.opensThought ? endOfThought(prompt.text) : "";
    } else {
      const reason = await writeTextUpTo(draft, marks);
      if (typeof reason !== "object") return calls > 0 && reason !== "abort" ? "tool-calls" : reason;
      if (form.mark === null) named = names[marks.texts.indexOf(reason.callMark)] ?? null;
      start = draft.evaluated.text;
    }
    const most = MAX_CALLS_OF_A_REPLY - calls;
    const written = await writeCallsInRow(draft, form, { named, start: start + form.before, most });
    if (written === "abort") return "abort";
    calls += written;
    // In such a form, nothing follows the calls.
    if (form.mark === null || form.next === null) return "tool-calls";
  }
  return "tool-calls";
}

/** Writes a call and those that follow it in the same list. The reply is evaluated up to the end of the last one. */
async function writeCallsInRow(
  draft: ReplyDraft,
  form: OwnCallForm,
  { most, ...first }: { named: string | null; start: string; most: number },
): Promise<number | "abort"> {
  const { tools } = draft.task;
  const { next, between } = form;
  let { named, start } = first;
  for (let calls = 1; ; calls++) {
    const id = newCallId();
    const name = named ?? (await chooseName(draft, withCallId(start, id), between));
    const tool = tools.find((tool) => tool.name === name);
    if (tool === undefined) return "abort";
    const reason = await writeOwnCall(draft, form, {
      tool,
      id,
      start: withCallId(start, id) + tool.name + withCallId(between, id),
    });
    if (reason !== "tool-calls") return "abort";
    const after = withCallId(form.after, id);
    const goesOn = next === null || calls === most || isRow(form) ? null : withCallId(next, id);
    const { text } = draft;
    if (goesOn !== null && (await draft.goTo(text)) === "aborted") return "abort";
    const chosen = goesOn === null ? after : await chooseText(draft, [goesOn, after]);
    if (chosen === null || (await draft.goTo(text + chosen)) === "aborted") return "abort";
    if (goesOn === null || chosen !== goesOn) return calls;
    named = null;
    start = text + chosen;
  }
}

/** Whether calls of a reply are independent: after each, the model continues and may start another. */
function isRow({ mark, next, after }: OwnCallForm): boolean {
  return mark !== null && next?.startsWith(after) === true && next.slice(after.length).trimStart().startsWith(mark);
}

async function chooseName(draft: ReplyDraft, start: string, between: string): Promise<string | null> {
  if ((await draft.goTo(start)) === "aborted") return null;
  // If a name is the prefix of another, the text after it shows that it is complete.
  const end = between.slice(0, 1);
  const chosen = await chooseText(
    draft,
    draft.task.tools.map(({ name }) => name + end),
  );
  return chosen === null ? null : chosen.slice(0, chosen.length - end.length);
}

async function writeOwnCall(
  draft: ReplyDraft,
  form: OwnCallForm,
  call: { tool: EngineTool; id: string; start: string },
): Promise<EndReason> {
  const { tool, id, start } = call;
  const properties = form.notation === "json" ? null : keyedProperties(tool.inputSchema);
  const end = commonBeginning(form.after, form.next ?? form.after);
  // Arguments with constraints between them are written as JSON, and later rendered in the form.
  if (form.notation === "json" || properties === null || end === "") return writeCall(draft, call);
  const { notation } = form;
  let written: Awaited<ReturnType<typeof writeKeyedArguments>>;
  try {
    written = await writeKeyedArguments(draft, { tool, properties, notation, start, end });
  } catch (error) {
    if (draft.task.toolChoice === "forced" && isNotEnding(error)) return writeCall(draft, call);
    throw error;
  }
  if (written === null) return "abort";
  draft.text = written.text;
  draft.task.emit({ type: "tool-call", call: { id, name: tool.name, arguments: written.input } });
  return "tool-calls";
}

function commonBeginning(one: string, other: string): string {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length += 1;
  return one.slice(0, length);
}
