import { cutText } from "@nanoagent/models";
import { splitWords } from "../split-words.js";
import { requestMarks } from "./request-marks.js";
import { type SpokenLanguage, spokenLanguage } from "./spoken-language.js";

/** Orders not to do something. */
const forbidding =
  /(?:^| )(?:don t|dont|do not|never|must not|mustn t|should not|shouldn t|may not|nicht|niemals|keinesfalls|n [a-zà-ü]+(?: [a-zà-ü]+){0,3} (?:pas|plus|jamais|rien)|ne [a-zà-ü]+(?: [a-zà-ü]+){0,3} (?:pas|plus|jamais|rien))(?: |$)/u;
/** Negations at the beginning of an order in Spanish and Italian: no abras, non aprire. */
const forbiddingFirst =
  /^(?:(?:por favor|per favore|please|bitte|ok|y|e) )*(?:no (?!hay|tengo|puedo|veo|se |es |está|me |funciona|thanks|gracias|i |the |it )[a-zñáéíóú]+(?:as|es|emos|an|en|áis)|non (?!c è|ho |posso|si |è |mi |funziona)[a-zàèéìòù]+(?:are|ere|ire|iamo|ate|ete|ite))(?: |$)/u;
/** Negations in sentences that are still orders: do not forget to water them. */
const notForbidding =
  /(?:^| )(?:forget|hesitate|vergiss|vergessen|oublie[rz]?|olvid[a-z]+|dimentic[a-z]+|not enough|nicht genug|nicht warm|nicht hell|isn t|doesn t|why|warum|pourquoi|perché|whether|ob)(?: |$)/u;
/** Statements that something is already done. */
const doneAlready =
  /^(?:(?:but|no|ok|thanks|aber|mais|pero|ma) )*(?:i (?:have |ve )?(?:already|just) |i ve [a-z]+ed |we (?:have |ve )?already |ich habe? .*(?:schon|bereits|gerade) |ich hab .*(?:schon|bereits) |j ai déjà |on a déjà |ya (?:he|hemos|lo he|la he) |acabo de |ho (?:già|appena) |abbiamo già )/u;
/** Hypothetical questions. */
const supposing =
  /(?:^| )(?:what (?:would |will |happens |if )|what s going to happen|would happen|suppose |imagine |if (?:i|we|you|someone|somebody) (?:had|were|would|opened|closed|turned|switched|set|left)|was (?:passiert|wäre|würde)|stell dir vor|angenommen|que se passe|qu arriverait|et si |que se passerait|qué (?:pasa|pasaría|ocurre)|imagina|cosa (?:succede|succederebbe)|che succede|e se )/u;
/** Words that cancel a request. */
const takingBack =
  /^(?:no )?(?:never mind|nevermind|forget (?:it|that|about it)|scratch that|cancel (?:that|it)|leave it|doesn t matter|vergiss (?:es|das)|lass (?:es|gut sein|das)|egal|schon gut|laisse tomber|oublie(?: ça)?|peu importe|tant pis|déjalo|olvídalo|da igual|no importa|lascia (?:stare|perdere)|non importa|fa niente)(?: |$)/u;

/** Words that begin a condition for a later act. Nothing here waits for conditions. */
const conditions: Record<SpokenLanguage, string> = {
  en: "if|unless|whenever|as soon as",
  de: "wenn|falls|sobald|sofern",
  fr: "si|dès que",
  es: "si|cuando",
  it: "se|quando|appena",
};
/** Polite phrases after such a word: if you can, wenn möglich. */
const politeness = "(?:you|it s|its|possible|necessary|du|möglich|es geht|tu|vous|puedes|es posible|puoi|possibile)";

/** At the beginning, such a word is a condition in any language. Elsewhere it may be a pronoun: si è spenta. */
const firstCondition = /^(?:si (?!è |sono |sta |sente |può )|se (?!ha |han |está |me |le |puede ))/u;

function isConditional(text: string, language: SpokenLanguage): boolean {
  const isPolite = new RegExp(`^s[ie] ${politeness}(?: |$)`, "u").test(text);
  if (firstCondition.test(text) && !isPolite) return true;
  return new RegExp(`(?:^| )(?:${conditions[language]}) (?!${politeness}(?: |$))`, "u").test(text);
}

/** Statements about acts of other people. */
const othersDid =
  /^(?:(?:my|our|his|her|their|mein|meine|unser|unsere|sein|seine|mon|ma|notre|mi|nuestro|nuestra|su|mio|mia|il mio|la mia|nostro|nostra) (?:sister|brother|mother|father|mom|dad|wife|husband|friend|neighbou?rs?|cousin|aunt|uncle|grand[a-z]+|son|daughter|boss|colleague|kids|children|parents|schwester|bruder|mutter|vater|frau|mann|freund(?:in)?|nachbar(?:in)?|tante|onkel|oma|opa|sohn|tochter|chef|sœur|frère|mère|père|femme|mari|amie?|voisine?|tante|oncle|fils|fille|hermana|hermano|madre|padre|mujer|marido|amig[oa]|vecin[oa]|abuel[oa]|hij[oa]|jef[ea]|sorella|fratello|moglie|marito|vicin[oa]|nonn[oa]|figli[oa]|zi[oa])|(?:someone|somebody|he|she|they|jemand|er|quelqu un|alguien|qualcuno) (?:has|have|had|closed|opened|switched|turned|hat|haben|a|ha|cerró|abrió|chiuso|aperto))(?: |$)/u;

/** Boundaries between sentences and clauses. */
const clauseBreak = /[,.;:!?¡¿\n]|\s(?:and|but|because|since|und|aber|weil|denn|et|mais|car|y|pero|porque|e|ma)\s/iu;
/** Sentences about the author, which are not orders. */
const firstPerson = /(?:^| )(?:i|we|ich|wir|je|j|nous|yo|io|noi)(?: |$)/u;

/**
 * Whether a message names an act but does not ask for it: it forbids, supposes or cancels it, or says that it is done.
 */
export function isUnwanted(message: string): boolean {
  const clauses = cutText(message, 500)
    .split(clauseBreak)
    .map(inWords)
    .filter((clause) => clause !== "");
  const text = inWords(cutText(message, 500));
  if (takesBack(clauses) || doneAlready.test(text) || supposing.test(text)) return true;
  if (isConditional(text, spokenLanguage(message)) && !isQuestion(message)) return true;
  // "Please" alone is not a request.
  const wants = (clause: string) => clause.split(" ").length > 2 && !forbids(clause) && requestMarks(clause).isRequest;
  const isTold = (clause: string) => forbids(clause) || othersDid.test(clause);
  return clauses.some(isTold) && !clauses.some(wants);
}

/** Whether the last sentences cancel an earlier request: Lock the door? No, leave it. */
function takesBack(clauses: readonly string[]): boolean {
  const at = clauses.findLastIndex((clause) => takingBack.test(clause.replace(/^(?:no|nein|non) /u, "")));
  return at >= 0 && !clauses.slice(at + 1).some((clause) => requestMarks(clause).isRequest);
}

function isQuestion(message: string): boolean {
  return /[?？]\s*$/u.test(message);
}

function forbids(clause: string): boolean {
  if (notForbidding.test(clause) || firstPerson.test(clause)) return false;
  return forbidding.test(clause) || forbiddingFirst.test(clause);
}

function inWords(text: string): string {
  return splitWords(text)
    .map(({ text: word }) => word)
    .join(" ");
}
