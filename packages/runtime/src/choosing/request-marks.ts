import { cutText } from "@nanoagent/models";
import { splitWords } from "../split-words.js";

/** Words that begin a request, or make a sentence a request. */
const polite =
  /(?:^| )(?:please|pls|plz|could you|can you|would you|will you|i want|i d like|i would like|i need|we need|let s|bitte|kannst du|könntest du|können sie|ich möchte|ich hätte gern|ich brauche|ich will|s il (?:te|vous) plaît|peux tu|pouvez vous|pourrais tu|pourriez vous|je veux|je voudrais|j aimerais|il me faut|por favor|puedes|podrías|quiero|quisiera|necesito|me gustaría|per favore|per piacere|puoi|potresti|vorrei|voglio|ho bisogno|mi serve)(?: |$)/u;
const command =
  /^(?:turn|switch|set|open|close|shut|start|stop|make|put|add|show|tell|give|read|check|run|play|lock|unlock|dim|heat|cool|water|move|raise|lower|book|call|order|write|note|log|print|send|find|search|count|measure|remind|take|bring|get|increase|decrease|reduce|change|adjust|activate|deactivate|enable|disable|begin|end|pause|resume|cancel|delete|remove|clear|reset|update|record|save|announce|drive|spin|wash|clean|vacuum|fill|empty|drain|feed|spray|mist|vent|warm|bring|pull|push|draw|drop|leave|pin|stick|post|reserve|charge|mach|mache|schalt|schalte|stell|stelle|öffne|schließ|schließe|starte|stopp|stoppe|zeig|zeige|sag|sage|gib|lies|prüf|prüfe|spiel|spiele|dreh|drehe|fahr|fahre|schreib|schreibe|notier|notiere|trag|trage|druck|drucke|such|suche|zähl|zähle|miss|erinner|erinnere|nimm|bring|häng|hänge|gieß|gieße|heiz|heize|lüfte|ruf|rufe|bestell|bestelle|buch|buche|reservier|reserviere|beende|schick|schicke|lass|füll|leg|lege|setz|setze|allume|éteins|ouvre|ferme|mets|règle|lance|démarre|arrête|montre|dis|donne|lis|vérifie|joue|monte|baisse|écris|note|imprime|cherche|compte|mesure|rappelle|prends|apporte|arrose|chauffe|appelle|commande|réserve|ajoute|envoie|coupe|active|désactive|passe|fais|enciende|apaga|abre|cierra|pon|ponme|sube|baja|muestra|muéstrame|dime|dame|lee|comprueba|toca|escribe|anota|apunta|imprime|busca|cuenta|mide|recuérdame|toma|trae|riega|calienta|llama|pide|reserva|añade|envía|corta|arranca|detén|para|inicia|cambia|ajusta|haz|deja|activa|desactiva|quita|accendi|spegni|apri|chiudi|metti|imposta|avvia|ferma|mostra|mostrami|dimmi|dammi|leggi|controlla|suona|alza|abbassa|scrivi|annota|stampa|cerca|conta|misura|ricordami|prendi|porta|annaffia|innaffia|riscalda|chiama|ordina|prenota|aggiungi|manda|invia|taglia|cambia|regola|fai|lascia|attiva|disattiva|togli|segna)(?: |$)/u;
const opening =
  /^(?:hey|hi|hello|ok|okay|so|and|now|then|just|also|please|und|jetzt|dann|bitte|et|maintenant|puis|y|ahora|e|ora|poi|hola|ciao|bonjour|hallo)(?: |$)/u;
/** Sentences about the author's past or about other people. */
const story =
  /^(?:my (?:sister|brother|mother|father|mom|dad|wife|husband|friend|neighbou?r|cousin|aunt|uncle|grandmother|grandfather|son|daughter|boss|colleague|doctor|dog|cat)|our (?:neighbou?r|old|son|daughter)|yesterday|last (?:week|year|night|month|summer|winter)|i (?:once|used to|love|like|hate|think|believe|remember|always|never|had|was|bought|saw|met|really)|when i was|mein(?:e)? (?:schwester|bruder|mutter|vater|frau|mann|freund|freundin|nachbar|tante|onkel|oma|opa|sohn|tochter|chef)|gestern|letzte|früher|ich (?:liebe|mag|finde|glaube|habe|hatte|war)|ma (?:sœur|mère|femme|fille|tante|voisine|grand)|mon (?:frère|père|mari|fils|oncle|voisin|ami)|hier |l an dernier|j (?:aime|adore|ai|étais)|je (?:pense|crois|trouve)|mi (?:hermana|hermano|madre|padre|mujer|marido|amigo|amiga|vecino|vecina|abuela|abuelo|hijo|hija|jefe)|ayer|el año pasado|me (?:encanta|gusta)|creo que|mia (?:sorella|madre|moglie|figlia|zia|nonna|vicina)|mio (?:fratello|padre|marito|figlio|zio|nonno|vicino|amico)|ieri|l anno scorso|mi piace|penso che|adoro)(?: |$)/u;

const talk =
  /^(?:hello|hi|hey|bye|goodbye|thanks|thank|thx|cheers|great|lovely|nice|perfect|awesome|cool|super|wonderful|brilliant|morning|evening|night|sorry|welcome|haha|lol|hallo|guten|tschüss|danke|dank|prima|toll|klasse|schön|perfekt|servus|moin|grüß|bonjour|bonsoir|salut|merci|parfait|génial|bravo|adieu|hola|buenos|buenas|adiós|gracias|perfecto|genial|ciao|buongiorno|buonasera|buonanotte|grazie|perfetto|ottimo|arrivederci|salve)$/;
/** A longer message that begins with a greeting may be a request. */
const MAX_TALK_WORDS = 6;

function isTalk(words: readonly string[]): boolean {
  return words.length <= MAX_TALK_WORDS && words.some((word) => talk.test(word));
}

/** Whether a message asks for something, judged by its form. */
export interface RequestMarks {
  /** It begins with a command, or is a polite request. */
  isRequest: boolean;
  /** It is about the author's life. */
  isStory: boolean;
  /** It is little more than a greeting, thanks or goodbye. */
  isTalk: boolean;
}

export function requestMarks(message: string): RequestMarks {
  const words = splitWords(cutText(message, 500)).map(({ text }) => text);
  let text = words.join(" ");
  for (let rest = text.replace(opening, ""); rest !== text; rest = text.replace(opening, "")) text = rest;
  return { isRequest: command.test(text) || polite.test(text), isStory: story.test(text), isTalk: isTalk(words) };
}
