import { cutText } from "@nanoagent/models";
import { splitWords } from "../split-words.js";

/** The kind of question: about the world (`knowledge`), about a fact that a tool may read (`fact`), or none. */
export type Asking = "knowledge" | "fact" | null;

/** Beginnings of questions about the world, which tools of a device cannot answer. */
const knowledge =
  /^(?:why|who|whose|explain|how (?:do|does|did|come|old|far|many people|long (?:do|does|can|should))|what (?:is|are|s) (?:a|an) |what (?:does|do|did|makes|causes)|what s the (?:difference|best|point)|what (?:is|are) [a-z]+ (?:good )?for|is it (?:true|safe|bad|better|possible|okay|ok)|do (?:i|you|we|plants|people) |does (?:a|an) |can (?:a|an) |should (?:i|we)|when (?:was|did|is the best)|which is better|have you|are you|tell me (?:a|about|something)|warum|weshalb|wieso|wer|wozu|erklär|wie (?:funktioniert|entsteht|lange (?:lebt|hält)|alt|heißt)|was (?:ist|sind|bedeutet|macht) (?:ein|eine|der unterschied|eigentlich)|was (?:bedeutet|versteht)|ist es|darf man|kann man|sollte (?:ich|man)|pourquoi|qui |explique|comment (?:fonctionne|marche|fait|ça|vas)|qu est ce qu (?:un|une|est)|c est quoi|à quoi sert|quelle est la différence|est ce qu (?:il|on)|peut on|faut il|por qué|quién|explica|cómo (?:funciona|se|estás|te)|qué (?:es|son|significa) (?:un|una|el|la)?|para qué (?:sirve|sirven)|cuál es (?:la diferencia|el mejor)|es (?:verdad|malo|bueno|mejor)|se puede|perché|chi |spiega|come (?:funziona|si|stai|mai)|che (?:cos|cosa) (?:è|sono|significa)|cos è|a cosa serve|a che serve|qual è la differenza|è vero|si può|quanto (?:vive|dura))/u;
/** Words of general questions. */
const general =
  /(?:^| )(?:in general|usually|typically|typical|on average|difference between|invented|come from|history of|normally|most people|im allgemeinen|normalerweise|üblicherweise|unterschied zwischen|erfunden|eigentlich|en général|d habitude|différence entre|inventé|en general|normalmente|diferencia entre|inventó|in genere|di solito|differenza tra|inventato)(?: |$)/u;
const fact =
  /^(?:what|which|how|when|where|is|are|was|were|did|has|have|am|does|do|any|was|welche[rs]?|wie|wann|wo|ist|sind|hat|haben|läuft|gibt|steht|que|quel|quelle|quels|quelles|combien|où|quand|est|sont|il y a|y a|qué|cuál|cuánt[oa]s?|cómo|dónde|cuándo|está|están|hay|che|qual|quale|quali|quant[oaie]|come|dove|quando|è|sono|c è|ci sono)(?: |$)/u;
const polite =
  /^(?:please |bitte |por favor |per favore |s il (?:te|vous) plaît |hey |hi |hello |ok |okay |so |and |und |et |y |e |hallo |hola |ciao |bonjour )+/u;

/** Reads the kind of question from the first words of a message. A polite request (could you …?) is not a question. */
export function askingOf(message: string): Asking {
  const words = splitWords(cutText(message, 500));
  const text = words
    .map(({ text: word }) => word)
    .join(" ")
    .replace(polite, "");
  if (knowledge.test(text)) return "knowledge";
  if (fact.test(text) && general.test(text)) return "knowledge";
  return fact.test(text) ? "fact" : null;
}
