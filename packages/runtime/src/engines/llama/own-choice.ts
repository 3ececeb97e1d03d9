import type { EngineTool } from "../engine.js";
import type { ReplyDraft } from "./reply-draft.js";
import { chooseText } from "./write-call.js";

/** Tokens after which a reply that may begin a call has named its tool. */
const MAX_BEGINNING_TOKENS = 32;
/** First characters of a call in any form. */
const callBeginning = /^\s*(?:[<[{`]|$)/;
/** Text up to the name in a call that is written as JSON. */
const nameKey = /"(?:name|function|tool|tool_name)"\s*:\s*"$/;

/**
 * Reads which tool the model's own reply begins to call: its name, null where the reply begins otherwise, and undefined where
 * that does not show within a few tokens. The prompt of the draft is in the cache; nothing is emitted.
 */
export async function readOwnChoice(
  draft: ReplyDraft,
  tools: readonly EngineTool[],
): Promise<string | null | undefined> {
  const sampler = draft.startSampler({ temperature: 0, repeatPenalty: 1 }, null);
  const text = draft.startText({ showsControlTokens: true });
  let beginning = "";
  try {
    for (let tokens = 0; tokens < MAX_BEGINNING_TOKENS; tokens++) {
      if (draft.task.isAborted()) return undefined;
      const token = await sampler.next();
      if (token === null || draft.isEndToken(token)) return beginning.trim() === "" ? null : undefined;
      beginning += text.push(token);
      if (!callBeginning.test(beginning)) return null;
      await draft.cache.append([token]);
      if (nameKey.test(beginning)) {
        // A name that is like a tool's is that tool's.
        const chosen = await chooseText(
          draft,
          tools.map(({ name }) => `${name}"`),
        );
        return chosen === null ? undefined : chosen.slice(0, -1);
      }
      const named = tools.filter(({ name }) => beginning.includes(name));
      if (named.length > 0 && /[^\w-]$/.test(beginning)) return longest(named.map(({ name }) => name));
    }
    return undefined;
  } finally {
    sampler.close();
  }
}

function longest(names: readonly string[]): string | undefined {
  return names.toSorted((one, other) => other.length - one.length)[0];
}
