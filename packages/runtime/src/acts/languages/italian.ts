import { type ClaimLanguage, phrase, whole } from "../claim-language.js";

const participle =
  "(?:(?:attiv|disattiv|impost|regol|eliminat|avvi|ferm|blocc|sblocc|alz|abbass|invi|mand|salv|programm|cambi|annaffi|innaffi|irrig|ordin|prenot|segn|annot|cre|stamp|chiam|collegat|scolleg|cancell|elimin|arrest|aument|colleg|registr|configur|compr|pag|svuot|caric|silenzi|modific|avvis)at[oaie]|acces[oaie]|spent[oaie]|apert[oaie]|chius[oaie]|aggiunt[oaie]|rimoss[oaie]|riempit[oaie]|mess[oaie]|fatt[oaie]|ridott[oaie]|eseguit[oaie]|riacces[oaie]|scritt[oaie]|diminuit[oaie])";
const present =
  "(?:accendo|spengo|apro|chiudo|attivo|disattivo|imposto|regolo|aggiungo|elimino|rimuovo|avvio|fermo|blocco|sblocco|alzo|abbasso|invio|mando|salvo|programmo|cambio|annaffio|innaffio|riempio|ordino|prenoto|segno|annoto|metto)";
const future =
  "(?:accenderò|spegnerò|aprirò|chiuderò|attiverò|disattiverò|imposterò|regolerò|aggiungerò|eliminerò|rimuoverò|avvierò|fermerò|bloccherò|sbloccherò|alzerò|abbasserò|invierò|manderò|salverò|programmerò|cambierò|annaffierò|riempirò|ordinerò|prenoterò|segnerò|annoterò|metterò)";
const state = `(?:${participle}|in funzione|attiv[oaie])`;
const adverbs = "(?: (?:ora|adesso|già|anche|appena|subito|correttamente|con successo))*";
const agreement =
  "ok|va bene|sì|si|certo|certamente|d'accordo|perfetto|bene|capito|hai ragione|ha ragione|ecco|subito|mi dispiace|volentieri|nessun problema";
const longAgo =
  /(?<!\p{L})(?:ieri|fa|nel (?:1\d|20)\d\d|l'anno scorso|dal (?:1\d|20)\d\d|da (?!me)(?:un|una|parte|anni))(?!\p{L})/u;
const ownText =
  /(?<!\p{L})(?:risposta|frasi|frase|paragrafo|testo|esempi|esempio|poesia|storia|riassunto|traduzione|ricetta|seguenti|seguente|sotto|errore)(?!\p{L})/u;
const negated = /(?<!\p{L})(?:non|mai|niente|nulla|nessun[oa]?)(?!\p{L})/u;

/** Italian. */
export const italian: ClaimLanguage = {
  code: "it",
  forms: [
    {
      kind: "report",
      pattern: phrase(`(?:(?:l'|le |li |te l'|ti |gli |vi )?(?:ho|abbiamo)${adverbs} ${participle})`),
      unless: new RegExp(
        `${negated.source}|${ownText.source}|(?<!\\p{L})ho fatto (?:un|una|del|dei|il mio)(?!\\p{L})`,
        "u",
      ),
    },
    {
      kind: "report",
      pattern: phrase(
        `(?:è|sono)${adverbs} stat[oaie]${adverbs} ${participle}|(?:è|sono) (?:ora|adesso|già)${adverbs} ${state}|(?:ora|adesso) (?:è|sono) ${state}`,
      ),
      unless: new RegExp(`${negated.source}|${longAgo.source}|(?<!\\p{L})(?:da|dal|dalla|dai) (?!me)\\p{L}+`, "u"),
    },
    {
      kind: "state",
      pattern: whole(agreement, `(?:il |la |lo |l'|i |le |gli |la tua )[\\p{L} -]{1,40}? (?:è|sono) ${state}`),
      unless: negated,
    },
    {
      kind: "done",
      pattern: whole(
        agreement,
        "(?:(?:ecco|è|tutto|è tutto) )?(?:già )?(?:fatto|fatta|a posto|completato|terminato|eseguito)(?:[!.,:;–—-]+ .{0,200})?",
      ),
    },
    {
      kind: "promise",
      pattern: phrase(
        `(?:(?:l[oaie] |ti )?(?:${present}|${future})(?= (?:il|la|lo|l'|i|le|gli|subito|ora|un|una)|[.!,;]|$)|lo (?:faccio|farò)|me ne occupo|ci penso io|sto (?:accendendo|spegnendo|aprendo|chiudendo|attivando|impostando))`,
      ),
      unless: new RegExp(
        `${negated.source}|${ownText.source}|(?<!\\p{L})(?:il|un|lo|al|del|questo) (?:blocco|cambio|avvio|segno|invio|fermo)(?!\\p{L})`,
        "u",
      ),
    },
  ],
  unreal:
    /(?<!\p{L})(?:se|quando|una volta che|dopo che|prima che|finché|potrei|posso|vuoi|devo|non|mai|hai detto|dice|disse|credo|penso|come se|come|perché|appena)(?!\p{L})/u,
  conditions: /(?<!\p{L})(?:se|quando|una volta che|dopo che|non appena)(?!\p{L})/u,
  politeEnd: /(?<!\p{L})(?:fammi sapere|mi faccia|dimmi|per favore|hai bisogno|posso|serve).*$/u,
  fiction:
    /(?<!\p{L})(?:storia|fiaba|favola|poesia|canzone|barzelletta|indovinello|lettera|tema|romanzo|dialogo|immagina|traduc[ei]|traduzione|frasi? d'esempio|in (?:inglese|tedesco|francese|italiano)|come si dice|passato|coniuga)(?!\p{L})/u,
  questions: /^[^\p{L}]*(?:chi|che|cosa|quando|dove|perché|come|quale|quali|quant[oaie]|hai|ha|è|sono|c'è)(?!\p{L})/u,
  words: [
    "il",
    "di",
    "che",
    "per",
    "favore",
    "accendi",
    "spegni",
    "luce",
    "è",
    "non",
    "della",
    "gli",
    "apri",
    "come",
    "nel",
    "sono",
  ],
  nothingDone: "Non è stato ancora fatto nulla. Dimmi con altre parole che cosa devo fare.",
};
