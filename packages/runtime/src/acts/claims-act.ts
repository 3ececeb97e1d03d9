import type { ClaimForm, ClaimLanguage } from "./claim-language.js";
import { claimLanguages } from "./languages/claim-languages.js";
import { sentenceEnd } from "./sentence-end.js";

/** A sentence that claims an act. */
export interface Claim {
  sentence: string;
  kind: ClaimForm["kind"];
  language: ClaimLanguage;
}

interface ClaimContext {
  /** Whether the message requests a change. Then "The lamp is on." is a claim as well. Default: false. */
  isRequest?: boolean | undefined;
}

/** Requests phrased as questions. */
const politeRequest =
  /(?<!\p{L})(?:(?:can|could|would|will) (?:you|we|someone)|kannst du|können sie|könnte(?:st)?|würde(?:st|n)?|peux[- ]tu|pouvez[- ]vous|pourr(?:ais|iez)|puedes|puede|podrías?|podría|puoi|può|potresti|potrebbe|kun je|kunt u|zou je|wil je)(?!\p{L})/u;

/** Most characters of a sentence that are checked. {@link ClaimFilter} does not pass longer sentences. */
const MAX_SENTENCE_CHARACTERS = 400;

/** Quotations and code, which are not statements of the reply. */
const quoted = /"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«|‹[^›]*›|`[^`]*`/gu;
/** Clause boundaries. A condition or negation before one belongs to another clause. */
const clauseBreak = /[,;:–—…]|(?<!\p{L})(?:and|but|so|und|aber|et|mais|y|pero|ma|maar)(?!\p{L})/gu;

/**
 * Finds a claim in a sentence that something was done or is about to be done, or returns null. Questions, offers,
 * conditions, negations, quotations and acts of others are not claims.
 */
export function findClaim(sentence: string, { isRequest = false }: ClaimContext = {}): Claim | null {
  const text = plainText(sentence);
  if (text === "" || /[?？][^\p{L}\p{N}]*$/u.test(text)) return null;
  for (const language of claimLanguages) {
    for (const form of language.forms) {
      if (form.kind === "state" && !isRequest) continue;
      if (form.unless?.test(text) === true) continue;
      for (const match of text.matchAll(form.pattern)) {
        if (isMeant(form, language, text.slice(0, match.index), text.slice(match.index + match[0].length))) {
          return { sentence: sentence.trim(), kind: form.kind, language };
        }
      }
    }
  }
  return null;
}

/** Whether any sentence of a text claims an act. */
export function claimsAct(text: string, context: ClaimContext = {}): boolean {
  for (let rest = text; rest !== ""; ) {
    const end = sentenceEnd(rest) || rest.length;
    if (findClaim(rest.slice(0, end), context) !== null) return true;
    rest = rest.slice(end);
  }
  return false;
}

/** Whether a message asks for information. A polite request ("Could you open it?") does not. */
export function isQuestion(message: string): boolean {
  const text = plainText(message);
  if (politeRequest.test(text)) return false;
  return /[?？]/u.test(text) || claimLanguages.some(({ questions }) => questions.test(text));
}

/** Whether a message asks for a text in which anything may be claimed, such as a story. */
export function asksForFiction(message: string): boolean {
  const text = plainText(message, 10_000);
  return claimLanguages.some(({ fiction }) => fiction.test(text));
}

/** Whether a match is a claim, given the text before and after it. */
function isMeant({ kind }: ClaimForm, { unreal, conditions, politeEnd }: ClaimLanguage, before: string, after: string) {
  if (kind === "promise") return !unreal.test(before) && !conditions.test(after.replace(politeEnd, ""));
  let clause = before;
  for (const { index, 0: mark } of before.matchAll(clauseBreak)) clause = before.slice(index + mark.length);
  return !unreal.test(clause);
}

/** Returns the sentence in lowercase without surrounding marks, and without quotations unless it consists of one. */
function plainText(sentence: string, most = MAX_SENTENCE_CHARACTERS): string {
  const text = sentence
    .slice(0, most)
    .normalize("NFC")
    .toLowerCase()
    .replace(/[’‘ʼ´]/gu, "'")
    .replace(/[*_#~]+/gu, "");
  if (/^\s*>/u.test(text)) return "";
  const own = text.replace(quoted, " ");
  return (/\p{L}/u.test(own) ? own : text).replace(/^[^\p{L}\p{N}¿]+/u, "").trimEnd();
}
