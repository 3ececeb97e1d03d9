import { type ClaimLanguage, phrase, whole } from "../claim-language.js";

/** Regular verbs by stem: `open` covers open, opened and opening. */
const regular =
  "open|switch|turn|start|dimm?|brighten|lock|unlock|lower|adjust|increas|decreas|reduc|clos|rais|activat|deactivat|enabl|disabl|chang|remov|delet|schedul|play|paus|resum|mut|unmut|water|fill|empt|mov|record|sav|stor|remind|call|dial|notif|email|text|print|restart|reboot|updat|install|execut|cancell?|heat|cool|charg|connect|disconnect|pair|flipp?|toggl|power|arm|disarm|press|launch|trigger|order|book|log|plac|purchas|transferr?|post|upload|download|renam|configur|programm?|extinguish|add|creat|stopp?|boil|vacuum|light|feed|reserv|snooz|skipp?|register|assign|mark|not|appl|warm|roll|pull|push|releas|engag|silenc|revers|rotat|drain|spray|irrigat";
const irregular =
  "shut|set|put|sent|fed|lit|reset|run|ran|made|written|wrote|bought|paid|drawn|drew|rang|let|taken care of|seen to";
const past = `(?:(?:${regular})(?:ed|d|ied)|(?:${irregular}))`;
const base =
  "open|close|shut|switch|turn|set|start|stop|dim|brighten|lock|unlock|raise|lower|activate|deactivate|enable|disable|adjust|change|increase|decrease|reduce|add|remove|delete|create|send|schedule|book|order|play|pause|resume|mute|unmute|water|fill|empty|move|put|note|record|save|store|remind|call|dial|notify|email|text|print|reset|restart|reboot|update|install|run|execute|cancel|heat|cool|feed|charge|connect|disconnect|pair|flip|toggle|power|arm|disarm|press|launch|trigger|buy|pay|place|post|upload|download|rename|configure|program|boil|vacuum|light|reserve|snooze|skip|register|mark|apply|warm|roll|pull|push|release|silence|irrigate|spray";
const doing = `(?:(?:${regular})(?:ing|ying)|shutting|setting|putting|sending|feeding|lighting|resetting|running|buying|paying|drawing|taking care of|seeing to|handling|doing (?:that|it|so|this))`;
const state =
  "on|off|open|closed|shut|locked|unlocked|running|playing|active|inactive|muted|lit|dark|ready|up|down|in place";
const adverbs =
  "(?: (?:now|just|already|successfully|also|then|gone ahead and|went ahead and|gladly|right away|immediately|duly|all|both|been able to))*";
const agreement =
  "ok|okay|sure|sure thing|alright|all right|of course|certainly|absolutely|yes|yep|yeah|great|no problem|got it|understood|you're right|you are right|right|perfect|there you go|there|here you go|very well|as you wish|sorry|my apologies";
/** Kinds of text that a reply can contain. A reply may say that it wrote them. */
const ownText =
  /\b(?:answers?|repl(?:y|ies)|wording|sentences?|paragraphs?|explanations?|comments?|typos?|code|functions?|examples?|essay|poem|story|summary|translation|recipe|below|as follows|following|my mind|my best|an effort|mistakes?|sense|sure that|it clear|note of (?:your|the) (?:question|point))\b/;
/** Past tense in biographies and history. */
const longAgo =
  /\b(?:yesterday|ago|last (?:night|week|month|year|time)|in (?:1\d|20)\d\d|when i was|as a (?:child|kid)|years?|cent(?:ury|uries)|since|by (?!me\b|now\b|\d)[a-z]+)\b/;

/** English. */
export const english: ClaimLanguage = {
  code: "en",
  forms: [
    {
      kind: "report",
      pattern: phrase(`(?:i(?:'ve| have)|we(?:'ve| have))${adverbs} (?:${past}|done (?:that|it|so|this|what you))`),
      unless: ownText,
    },
    {
      kind: "report",
      pattern: phrase(`i(?: did)?${adverbs} (?:${past}|did (?:that|it|so|this)|do it)(?! (?:to|by|with|out|off by) )`),
      unless: new RegExp(`${ownText.source}|${longAgo.source}`),
    },
    {
      kind: "report",
      pattern: phrase(
        `(?:the|your|it|that|this|they|both|all|everything) ?[^,;:.]{0,60}?(?:(?:has|have)${adverbs} been${adverbs} ${past}|(?:was|were|is|are) (?:successfully|just) ${past})`,
      ),
      unless: longAgo,
    },
    {
      kind: "report",
      pattern: phrase(
        `(?:\\p{L}+(?: is| are|'s|'re) now${adverbs}|(?:should|will) now be${adverbs}) (?:${past}|${state})(?! (?:sale|display|track|offer|air|to the public|the (?:market|list|way)))`,
      ),
      unless: longAgo,
    },
    {
      kind: "state",
      pattern: whole(agreement, `(?:the|your) [\\p{L}' -]{1,40}? (?:is|are)(?: set)? (?:${state}|${past})`),
    },
    {
      kind: "done",
      pattern: whole(
        agreement,
        `(?:(?:it|that|this|all|everything|task|job|request|command|action|mission)(?:'s| is| has been)? |consider (?:it|that) )?(?:now |already |all )?(?:done|completed?|finished|taken care of|accomplished|executed|set)(?: (?:for you|now|as you (?:asked|wished)|as requested|successfully))*(?:[!.,:;–—-]+ .{0,200})?`,
      ),
      unless: /^(?:finished|complete|set)\s|^\W*done (?:is|are|by|with)\b/,
    },
    {
      kind: "promise",
      pattern: phrase(
        `(?:i(?:'ll| will| shall|'m going to| am going to|'m gonna)|we(?:'ll| will)|let me)${adverbs}(?: (?:be sure to|make sure to|go ahead and|get right to it and))* (?:do (?:that|it|so|this)|(?:${base})|see to|take care of|handle (?:that|it|this)|get (?:right )?on (?:it|that)|make it happen)(?! (?:with|by|off by|out) )(?! to the)`,
      ),
      unless: new RegExp(
        `${ownText.source}|\\blet me (?:know|set the|start|run (?:you|through)|put it|add that|note)\\b`,
      ),
    },
    { kind: "promise", pattern: phrase(`i(?:'m| am)${adverbs} ${doing}`), unless: ownText },
    { kind: "promise", pattern: whole(agreement, "will do|on it|i'm on it|right away|doing it now|consider it done") },
    {
      kind: "promise",
      pattern: whole(agreement, `${doing}(?! (?:with|by)).{0,80}`),
      unless:
        /\b(?:is|are|was|uses?|takes?|requires?|can|could|will|would|may|might|should|helps?|saves?|makes?|means?|costs?|needs?)\b/,
    },
  ],
  unreal:
    /\b(?:if|unless|whether|once|when|whenever|until|after|before|while|as soon as|in case|imagine|suppose|pretend|say|says|saying|said|claim(?:s|ed)?|think|thought|believe|wish|wonder|not|never|nobody|no|hardly|would|could|might|can|how|why|what|like|want|mean)\b|n't\b/,
  conditions: /\b(?:if|unless|once|when|whenever|as soon as|after|until|provided|in case)\b/,
  politeEnd: /\b(?:let me know|tell me|feel free|just (?:ask|say)|please|anything else|is there|do you)\b.*$/,
  fiction:
    /\b(?:story|stories|tale|poem|song|joke|riddle|letter|essay|novel|dialog(?:ue)?s?|role ?play|pretend|imagine|fiction|translate|translation|repeat after|example sentences?|fairy|lyrics|script|in (?:german|french|spanish|italian|dutch|english)|how (?:do|would) (?:you|i|we) say|past tense|conjugate)\b/,
  questions:
    /^\W*(?:who|what|when|where|why|how|which|whose|is|are|was|were|do|does|did|have|has|had|am|isn't|aren't|didn't|haven't|hasn't)\b/,
  words: ["the", "is", "please", "you", "and", "what", "my", "to", "of", "it", "turn", "switch", "can", "off", "with"],
  nothingDone: "Nothing has been done yet. Please say in other words what I should do.",
};
