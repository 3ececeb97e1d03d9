import { cutText } from "@nanoagent/models";
import type { EngineMessage, EngineTool } from "../engines/engine.js";
import { splitWords } from "../split-words.js";
import { type Claim, isQuestion } from "./claims-act.js";
import { hasFailed } from "./failed-results.js";

/** Words with the same beginning count as the same: `switch`, `switched`. */
const STEM_CHARACTERS = 4;
/** Most characters of a message, arguments or a claim that are compared. */
const MAX_COMPARED_CHARACTERS = 2000;
/** Words that do not identify the object of an act. */
const emptyWords = new Set(
  "a an the it is are i you we to of for me my your our have has had been be and now that this there please did do does yes no not so ich hab habe haben hast du sie es das der die den dem ist sind und bitte ja nein mir dir hat je j ai tu vous il elle le la les l est un une et oui non as avez he has lo los las el se y te me si ha ho hai ik heb hebt het de een en dat jij u een nu".split(
    " ",
  ),
);
const thanks =
  /^[^\p{L}]*(?:thank|thanks|thx|great|good|nice|ok|okay|perfect|cool|super|danke|vielen dank|prima|gut|merci|gracias|grazie|bedankt|dank|top|bravo|parfait|perfecto|perfetto)(?!\p{L})/iu;

/**
 * Whether a claim refers to an act of an earlier turn, and so is not false. It does where
 *
 * - an earlier turn has a successful call that changed the world, and the claim mentions something from that turn;
 * - the message asks about it, says thanks, or has no word in common with the claim: an old act does not answer a new
 *   request; and
 * - all words that the message and the claim share occur in that turn: "and the kitchen?" is about another act.
 *
 * A promise never refers to an earlier act.
 */
export function isEarlierAct(
  { sentence, kind }: Claim,
  message: string,
  before: readonly EngineMessage[],
  tools: readonly EngineTool[],
): boolean {
  if (kind === "promise") return false;
  const asked = stemsOf(message);
  const claimed = stemsOf(sentence);
  const common = [...claimed].filter((stem) => asked.has(stem));
  const looksBack = isQuestion(message) || thanks.test(message);
  if (common.length > 0 && !looksBack) return false;
  return turnsWithActs(before, tools).some((words) => {
    if (kind === "done") return looksBack && [...asked].every((stem) => words.has(stem) || thanks.test(message));
    return common.every((stem) => words.has(stem)) && [...claimed].some((stem) => words.has(stem));
  });
}

/** Returns the words of each earlier turn that changed the world: from its message, its calls and their tools. */
function turnsWithActs(messages: readonly EngineMessage[], tools: readonly EngineTool[]): Set<string>[] {
  const turns: Set<string>[] = [];
  let asked = "";
  for (const { role, content, tool_calls = [] } of messages) {
    if (role === "user") asked = content;
    for (const { id, name, arguments: input } of tool_calls) {
      const tool = tools.find((tool) => tool.name === name);
      const result = messages.find(({ tool_call_id }) => tool_call_id === id);
      if (tool?.changesWorld === false || result === undefined || hasFailed(result)) continue;
      const texts = [
        asked,
        name.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2"),
        JSON.stringify(input),
        tool?.description ?? "",
      ];
      turns.push(stemsOf(texts.map((text) => cutText(text, MAX_COMPARED_CHARACTERS)).join(" ")));
    }
  }
  return turns;
}

function stemsOf(text: string): Set<string> {
  const words = splitWords(cutText(text, 4 * MAX_COMPARED_CHARACTERS)).map(({ text }) => text);
  return new Set(words.filter((word) => !emptyWords.has(word)).map((word) => word.slice(0, STEM_CHARACTERS)));
}
