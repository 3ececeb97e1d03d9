import { cutText } from "@nanoagent/models";

/**
 * Notations of data and requests for examples. All patterns in this file have no accents, like the normalized message.
 */
const notations =
  /(?<![\w./-])(?:json|xml|yaml|syntax|schema|snippet|pseudo-?code|code block)\b|\b(?:an?|one|some|give|show)\s+(?:me\s+)?(?:an?\s+)?(?:example|sample)\b|(?<!zum )\bbeispiel\b|(?<!par )\bexemple\b|(?<!por )\bejemplo\b|(?<!(?:per|ad) )\besempio\b|\bvoorbeeld\b|\bas (?:raw |plain )?(?:data|objects|code)\b|\bals (?:daten|objekte|code|data|gegevens|objecten)\b|\b(?:sous forme de|comme) (?:donnees|objets|code)|\bcomo (?:datos|objetos|codigo)|\bcome (?:dati|oggetti|codice)\b/iu;
/** Messages about calls as a topic. */
const calls =
  /\b(?:tool|function|api)[ -]calls?\b|\bcalls? (?:of yours|look)|\bhow (?:do|does|would|can|could) (?:you|one|i) (?:talk|speak|communicate) (?:to|with)\b|\b(?:name of|by) (?:the|a|your) (?:tool|function|call)\b|(?:funktions|werkzeug|tool)-?aufruf|\b(?:ein|dein|der|eines|einen) aufruf|\bwie (?:sprichst|redest|kommunizierst) du mit\b|\bwie hei(?:ß|ss)t (?:die funktion|das werkzeug|der befehl)|\bappels? (?:d['’](?:outil|fonction)|de (?:fonction|l['’]outil))|ressemble(?:nt)? (?:un|ton|tes|l['’]) ?appels?|\bcomment (?:parles|communiques)-tu|\bllamadas? (?:a|de) (?:la |una )?(?:funcion|herramienta)|\b(?:es|son|ve|ven) (?:una|tu|tus|la) llamadas?|\bcomo (?:hablas|te comunicas) con|\bchiamat[ae] (?:di|a|alla) (?:una )?(?:funzione|strumento)|\b(?:ha|hanno|e fatta|sono fatte|e) (?:una|la tua|le tue) (?:tua )?chiamat[ae]|\bcome (?:parli|comunichi) con|\b(?:functie-?|tool-?|een |jouw )aanroep\b|\bhoe (?:praat|spreek) je met/iu;
/** Questions about kinds of tools. */
const questions =
  /\b(?:which|what) (?:function|command|method|tool)\b|\b(?:which|what) (?:functions|commands|methods)\b|\b(?:which|what) tools (?:do|can|could|would|did|have|are) (?:you|i|we|there|available)\b|\bwelche[rsn]? (?:funktion(?:en)?|befehle?|methoden?|werkzeuge? (?:kannst|hast|wurdest|offnet|schließt))\b|\bquel(?:le)?s? (?:fonctions?|commandes?|methodes?|outils? (?:peux|as|ouvre|ferme))|\b(?:que|cual(?:es)?|con que) (?:funcion|funciones|comandos?|metodos?|herramientas? (?:puedes|tienes|abre|cierra))|\bqual[ei] (?:funzion[ei]|comand[oi]|metod[oi]|strument[oi] (?:puoi|hai|apre|chiude))|\bwelke? (?:functies?|opdracht|methode|tools? (?:kun|heb|opent|sluit))\b/iu;
/** Orders to repeat a text literally. */
const repeating =
  /\b(?:repeat|echo|say|copy|quote|type|write|print)(?: (?:this|that|it|the following|these words))? (?:exactly|verbatim|literally|word for word|after me|back)\b|\b(?:repeat|echo|quote)(?: (?:this|that|it|the following)[\w ]{0,20})?:|\bwiederhol(?:e|en sie)?(?: (?:das|dies|es|folgendes|den satz))? ?(?:genau|exakt|wortlich|wortwortlich|buchstablich|wort fur wort|:)|\bsag(?:e)? (?:genau|wortlich|mir nach)|\brep(?:ete|etez|eter)(?: (?:ceci|cela|ca))? ?(?:exactement|mot pour mot|litteralement|apres moi|:)|\b(?:repite|repita|di|copia)(?: (?:esto|eso))? ?(?:exactamente|textualmente|literalmente|palabra por palabra|:)|\b(?:ripeti|ripeta|copia)(?: (?:questo|cio))? ?(?:esattamente|letteralmente|testualmente|alla lettera|parola per parola|:)|\bherhaal(?: (?:dit|dat))? ?(?:precies|exact|letterlijk|woord voor woord|:)/iu;
const languages = "(?:python|java-?script|typescript|java|bash|shell|rust|ruby|php|sql|html|lua|c\\+\\+|c#)";
/** Requests for source code to read. A request to run a program asks for an act. */
const programs = new RegExp(
  [
    `\\b(?:lines?|pieces?|bits?) of (?:code|${languages})`,
    `\\b(?:write|show|give|what|which|how)\\b[^.?!]{0,60}?\\b${languages}(?![\\w+#])`,
    "\\b(?:write|show|give|tell|what|which)\\b[^.?!]{0,40}?\\bcode (?:for [a-z]+ing|to (?!the\\b|my\\b|our\\b|a\\b)[a-z]+|that|which)\\b",
    `\\bzeilen? (?:code|${languages})|\\b(?:programmzeile|quellcode|quelltext)`,
    `\\b(?:schreib|zeig|gib|wie|welche|was)[^.?!]{0,60}?\\b${languages}`,
    "\\b(?:schreib|zeig|gib|wie|welche|was)[^.?!]{0,40}?\\bcode(?:, (?:der|mit dem)| zum| um| fur das)\\b",
    `\\blignes? de (?:code|${languages})|\\b(?:ecri[st]|montre|donne|quel)[^.?!]{0,60}?\\b(?:${languages}|code (?:pour|qui)\\b)`,
    `\\blineas? de (?:codigo|${languages})|\\b(?:escrib[ea]|muestra|dame|cual)[^.?!]{0,60}?(?:\\b${languages}|\\bcodigo (?:para|que)\\b)`,
    `\\brig(?:a|he) di (?:codice|${languages})|\\b(?:scriv[ia]|mostra|dammi|qual)[^.?!]{0,60}?\\b(?:${languages}|codice (?:per|che)\\b)`,
    `\\bregels? (?:code|${languages})|\\b(?:schrijf|toon|geef|wat)[^.?!]{0,60}?\\b(?:${languages}|code (?:om|die|voor het)\\b)`,
  ].join("|"),
  "iu",
);
/** File names and words for files. Such a message wants a tool that writes the file. */
const files =
  /\b(?:files?|datei|fichier|archivo|fichero|bestand)\b|\w\.(?:py|js|ts|sh|java|rs|rb|php|sql|html|lua|txt|md|c|cpp)\b/iu;
/** Most characters that are checked, both at the beginning and at the end of a message. */
const MAX_CHARACTERS = 1000;

/** Whether a message asks for text about calls, code or data. Then text that looks like a call is the answer. */
export function asksForWords(message: string): boolean {
  const part =
    message.length <= 2 * MAX_CHARACTERS
      ? message
      : `${cutText(message, MAX_CHARACTERS)}\n${message.slice(-MAX_CHARACTERS)}`;
  const text = part.normalize("NFD").replaceAll(/\p{M}/gu, "");
  if ([notations, calls, questions, repeating].some((pattern) => pattern.test(text))) return true;
  return programs.test(text) && !files.test(text);
}
