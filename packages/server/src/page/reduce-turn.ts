import { cutText, type NanoAgentError } from "@nanoagent/models";
import { ErrorAfterAct } from "../errors/error-after-act.js";
import { errorFacts } from "../errors/error-facts.js";
import type { AnswerEvent } from "../turns/ask.js";
import { isAborted } from "../turns/is-aborted.js";
import { shownJson } from "./display-text.js";
import type { PageError, PagePart, PageTool, PageTurn } from "./page-events.js";

/** Most characters of a tool's result that pages get. A model sees at most 8,000 unless the tool sets more. */
const MAX_RESULT_CHARACTERS = 20_000;

type RunEnd = Extract<AnswerEvent, { type: "run-end" }>;

/** A turn, and where its current step began: the text of a step can be taken back. */
export interface TurnProgress {
  readonly turn: PageTurn;
  readonly step: StepStart;
}

interface StepStart {
  /** Number of parts before the step. */
  readonly parts: number;
  /** Length of the last of them, if it is a text that the step may continue. */
  readonly characters: number;
}

/** Effect of an event on a turn: none, text at the end of a part that exists, or anything else. */
export type TurnChange =
  | { readonly type: "none" }
  | { readonly type: "text"; readonly part: number; readonly text: string }
  | { readonly type: "turn" };

/** A turn after an event. Every event gives a new object; the old one stays as it is. */
export interface ReducedTurn {
  readonly progress: TurnProgress;
  readonly change: TurnChange;
}

export function newTurn({ id, message, at }: Pick<PageTurn, "id" | "message" | "at">): TurnProgress {
  const turn: PageTurn = { id, message, at, state: "waiting", parts: [], error: null, note: null };
  return { turn, step: { parts: 0, characters: 0 } };
}

/** Returns the turn after an event of its reply. */
export function reduceTurn(progress: TurnProgress, event: AnswerEvent): ReducedTurn {
  const { turn, step } = progress;
  const changed = (changes: Partial<PageTurn>, begun = step): ReducedTurn => ({
    progress: { turn: { ...turn, ...changes }, step: begun },
    change: { type: "turn" },
  });
  switch (event.type) {
    case "run-start":
      return changed({ state: "running" });
    case "text-delta":
      return addText(progress, event.text);
    case "text-retraction":
      return changed({ parts: withoutStep(turn.parts, step) });
    case "tool-call": {
      const { id, name, arguments: input } = event;
      const part: PageTool = { type: "tool", id, name, arguments: shownJson(input), state: "running", result: null };
      return changed({ parts: [...turn.parts, part] });
    }
    case "tool-result": {
      const index = turn.parts.findLastIndex((part) => isRunning(part) && part.id === event.id);
      if (index < 0) return { progress, change: { type: "none" } };
      const state = event.is_error ? "failed" : "done";
      const tool = { ...(turn.parts[index] as PageTool), state, result: shownResult(event.content) } as const;
      return changed({ parts: turn.parts.with(index, tool) });
    }
    case "step-end":
      return { progress: { turn, step: stepAfter(turn.parts) }, change: { type: "none" } };
    case "run-end": {
      const parts = endedParts(withReply(turn.parts, event.reply.content));
      return changed({ state: "done", parts, note: noteOf(event, parts) });
    }
    case "error": {
      const parts = endedParts(turn.parts);
      if (isAborted(event.error)) return changed({ state: "stopped", parts });
      return changed({ state: "failed", parts, error: shownError(event.error, parts) });
    }
    default:
      return { progress, change: { type: "none" } };
  }
}

/** Returns the result of a tool as pages show it. */
export function shownResult(content: string): string {
  return content.length <= MAX_RESULT_CHARACTERS ? content : `${cutText(content, MAX_RESULT_CHARACTERS)}…`;
}

/** Note of a reply without a text. */
export const NO_REPLY = "The agent gave no reply.";

function noteOf({ reason, not_saved }: RunEnd, parts: readonly PagePart[]): string | null {
  if (reason === "length") return "The reply reached its limit of tokens.";
  if (reason === "repetition") return "The reply was ended because it repeated itself.";
  if (!parts.some(({ type }) => type === "text")) return NO_REPLY;
  return not_saved === undefined ? null : "The reply could not be saved. It will be gone after a restart.";
}

function addText({ turn, step }: TurnProgress, text: string): ReducedTurn {
  const { parts } = turn;
  const last = parts.at(-1);
  if (last?.type === "text") {
    const changed = { ...turn, parts: parts.with(-1, { type: "text", text: last.text + text }) };
    const change = { type: "text", part: parts.length - 1, text } as const;
    return { progress: { turn: changed, step }, change };
  }
  // White space after a tool separates texts for clients that show no tools.
  const begun = text.trimStart();
  if (begun === "") return { progress: { turn, step }, change: { type: "none" } };
  const changed: PageTurn = { ...turn, parts: [...parts, { type: "text", text: begun }] };
  return { progress: { turn: changed, step }, change: { type: "turn" } };
}

function withoutStep(parts: readonly PagePart[], step: StepStart): PagePart[] {
  return parts.flatMap((part, index) => {
    if (part.type !== "text" || index < step.parts - 1) return [part];
    // A text before the step loses what the step has added to it.
    const text = index < step.parts ? part.text.slice(0, step.characters) : "";
    return text === "" ? [] : [{ type: "text", text }];
  });
}

function stepAfter(parts: readonly PagePart[]): StepStart {
  const last = parts.at(-1);
  return { parts: parts.length, characters: last?.type === "text" ? last.text.length : 0 };
}

/** A reply without any piece of text is its own text. */
function withReply(parts: readonly PagePart[], reply: string): readonly PagePart[] {
  if (parts.some(({ type }) => type === "text") || reply.trim() === "") return parts;
  return [...parts, { type: "text", text: reply }];
}

/** Calls that have no result will not get one. */
function endedParts(parts: readonly PagePart[]): PagePart[] {
  return parts.map((part) => (isRunning(part) ? { ...part, state: "failed" } : part));
}

function isRunning(part: PagePart | undefined): part is PageTool {
  return part?.type === "tool" && part.state === "running";
}

function shownError(error: NanoAgentError, parts: readonly PagePart[]): PageError {
  const hasActed = parts.some(({ type }) => type === "tool");
  return { message: errorFacts(hasActed ? new ErrorAfterAct(error) : error).message };
}
