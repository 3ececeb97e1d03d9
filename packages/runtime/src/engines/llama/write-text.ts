import type { EndReason } from "../engine.js";
import { ReplyText } from "../reply-text.js";
import { CONTROL_TOKEN } from "./llama-addon.js";
import type { LoadedModel } from "./loaded-model.js";
import { refuseBrokenText } from "./refuse-broken-text.js";
import type { ReplyDraft } from "./reply-draft.js";

/** Writes text up to the end of the reply. */
export async function writeText(draft: ReplyDraft): Promise<EndReason> {
  const reason = await writeTextUpTo(draft, null);
  return typeof reason === "object" ? "stop" : reason;
}

/** Texts that start a call, anywhere in a reply or only at its beginning. */
export interface CallMarks {
  texts: readonly string[];
  isBeginning: boolean;
}

/**
 * Writes text up to the end of the reply or the mark of a call. In the latter case, the evaluated tokens end before the
 * mark.
 */
export async function writeTextUpTo(
  draft: ReplyDraft,
  callMarks: CallMarks | null,
): Promise<EndReason | { callMark: string }> {
  const { task } = draft;
  const { prompt, grammar, sampling, limit, isAborted } = task;
  const marks = callMarks?.texts ?? [];
  const callTokens = new Map(marks.map((mark) => [controlTokenOf(draft.loaded, mark), mark]));
  const reply = new ReplyText({
    stop: [...prompt.stop, ...(sampling.stop ?? []), ...(callMarks?.isBeginning === false ? marks : [])],
    beginnings: callMarks?.isBeginning ? marks : [],
    separatesReasoning: grammar === null,
    beginsInReasoning: draft.evaluated.text === "" && prompt.opensThought,
  });
  const { marks: thoughts } = draft.loaded;
  const emit = (pieces: ReturnType<ReplyText["push"]>) => {
    for (const { type, text } of pieces) {
      if (type === "retraction") task.emit({ type: "text-retraction" });
      // A mark without a meaning here is not text.
      else if (type === "reasoning" || !thoughts.isIn(text)) task.emit({ type: `${type}-delta`, text });
      else if (thoughts.without(text) !== "") task.emit({ type: "text-delta", text: thoughts.without(text) });
    }
  };
  const text = draft.startText({ showsControlTokens: grammar !== null });
  let replyText = draft.evaluated.text;
  let reason: EndReason | { callMark: string } = "length";
  const sampler = draft.startSampler(sampling, grammar);
  try {
    while (draft.completionTokens < limit) {
      const token = await sampler.next();
      const callMark = token === null ? undefined : callTokens.get(token);
      if (callMark !== undefined) {
        reason = { callMark };
        break;
      }
      if (token === null || draft.isEndToken(token)) {
        reason = "stop";
        break;
      }
      draft.completionTokens += 1;
      if (reply.isReasoning) draft.reasoningTokens += 1;
      // A reasoning mark may be a control token, which has no text.
      const more = text.push(token) + (grammar === null ? thoughts.textOf(token) : "");
      if (grammar !== null) refuseBrokenText(more);
      replyText += more;
      emit(reply.push(more));
      if (reply.stopped) {
        const callMark = marks.find((mark) => mark === reply.stoppedBy);
        reason = callMark === undefined ? "stop" : { callMark };
        break;
      }
      if (isAborted()) {
        reason = "abort";
        break;
      }
      if (draft.completionTokens < limit) {
        const isEvaluated = await sampler.accept(token, limit - draft.completionTokens);
        // An incomplete character or a possible stop text may be tokenized differently next time.
        if (isEvaluated && !text.isUnfinished && !reply.isUndecided) draft.noteEvaluated(replyText);
      }
    }
  } finally {
    sampler.close();
  }
  emit(reply.push(text.finish()));
  emit(reply.finish());
  if (typeof reason === "object" && reply.stoppedBy === reason.callMark) {
    draft.evaluated.text = replyText.slice(0, replyText.lastIndexOf(reason.callMark));
  }
  return reason;
}

/** Returns the control token that a text represents, or null. */
function controlTokenOf({ vocabulary }: LoadedModel, text: string): number | null {
  const [token, ...others] = vocabulary.tokenize(text, true);
  if (token === undefined || others.length > 0) return null;
  return (vocabulary.getTokenAttributes(token) & CONTROL_TOKEN) === 0 ? null : token;
}
