import { cutText, type MessageAct, type SentenceAct } from "@nanoagent/models";
import type { ToolCall, ToolOutcome, TriggeredTurn } from "@nanoagent/runtime";
import { type ActEnd, endOfOutcome } from "./act-end.js";
import { actKey, callKey } from "./act-key.js";
import type { SettledRun } from "./act-run.js";
import { fillText } from "./template.js";

/**
 * Says a sentence of the intents or a message to the model, in a conversation of its own. Throws {@link TemplateError} for
 * a value that is missing.
 */
export async function runTurn(act: SentenceAct | MessageAct, run: SettledRun): Promise<ActEnd> {
  const { agent, event, book, signal, onPermission } = run;
  const isSentence = "sentence" in act;
  const text = fillText(isSentence ? act.sentence : act.message, { event });
  const key = actKey(event.id);
  const kind = isSentence ? "sentence" : "message";
  // The turn itself changes nothing; the tools that it calls have records of their own.
  await book.start({ key, kind, tool: null, arguments: { [kind]: text } }, { synced: false });
  const acts = new TurnActs(run);
  const conversation = await agent.converse();
  let end: ActEnd = { status: "stopped", doubt: null, stuck: null };
  try {
    const isIntent = isSentence || agent.matchIntent(text) !== null;
    const message = isIntent ? text : `${text}${acts.describeDone()}`;
    const turn = conversation.stream(message, { signal, intentsOnly: isSentence, onPermission, triggered: acts });
    for await (const said of turn) {
      if (said.type === "run-end") end = endOfReply(said.reply.content, said.not_understood === true);
      if (said.type === "error") {
        const isPermanent = permanentErrors.includes(said.error.code);
        end = { status: "failed", problem: said.error.message, isPermanent };
      }
    }
  } finally {
    await conversation.close();
  }
  // The turn is run again when its calls can be recorded.
  if (book.refusal?.code === "events-not-saved") return { status: "not-saved" };
  // An intent answers with a text of its own when its tool fails. The model of a message reads the failure and goes on.
  const { last } = acts;
  if (isSentence && end.status === "done" && last !== null) {
    const ofTool = endOfOutcome(last.outcome, last.tool, agent);
    if (ofTool.status !== "done") end = ofTool;
  }
  if (end.status === "done") await book.end(key, { outcome: "done", content: end.answer });
  else if (end.status === "failed") await book.end(key, { outcome: "failed", content: end.problem });
  return end;
}

/** Errors that another try would not change. */
const permanentErrors: readonly string[] = ["no-intent-matches", "message-too-large", "context-exceeded"];

function endOfReply(answer: string, isNotUnderstood: boolean): ActEnd {
  if (!isNotUnderstood) return { status: "done", answer };
  const problem = "The message matches no intent, and this agent has no model that could answer it.";
  return { status: "failed", problem, isPermanent: true };
}

/** Most characters about acts that were done before a turn was cut off. */
const MAX_DONE_CHARACTERS = 4000;

/** The calls of a turn, each with a key that stays the same when the turn is run again. */
class TurnActs implements TriggeredTurn {
  readonly trigger: string;
  /** The last call that ran, or null. */
  last: { tool: string; outcome: ToolOutcome } | null = null;
  readonly #run: SettledRun;

  constructor(run: SettledRun) {
    this.trigger = run.settings.name;
    this.#run = run;
  }

  keyOf(call: ToolCall): string {
    return callKey(this.#run.event.id, call);
  }

  outcomeOf(key: string, call: ToolCall): ToolOutcome | null {
    const content = this.#run.book.resultOf(key);
    if (content === null) return null;
    const outcome: ToolOutcome = { outcome: "done", content, isError: false, value: objectIn(content) };
    this.last = { tool: call.name, outcome };
    return outcome;
  }

  beforeAct: TriggeredTurn["beforeAct"] = ({ idempotency_key: key, tool, arguments: given }) =>
    this.#run.book.start({ key, kind: "tool", tool, arguments: given }, { synced: true });

  async afterAct(key: string, call: ToolCall, outcome: ToolOutcome): Promise<void> {
    this.last = { tool: call.name, outcome };
    await this.#run.book.end(key, outcome);
  }

  /** Tells the model about the acts of this event that were done before the program ended. */
  describeDone(): string {
    const done = this.#run.event.acts.filter(
      ({ started, ended }) => started.tool !== null && ended?.outcome === "done",
    );
    if (done.length === 0) return "";
    const lines = done.map(({ started: { tool, arguments: given }, ended }) => {
      return `- ${tool} ${JSON.stringify(given)}: ${ended?.content ?? ""}`;
    });
    return `\n\nAlready done for this message; do not repeat it:\n${cutText(lines.join("\n"), MAX_DONE_CHARACTERS)}`;
  }
}

/** Returns the object that a text is, or undefined. Intents read parts of such results. */
function objectIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
