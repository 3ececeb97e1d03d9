import { type ClaimLanguage, phrase, whole } from "../claim-language.js";

const particles =
  "(?:ein|aus|an|ab|auf|zu|hoch|runter|herunter|hinunter|hinauf|um|zurück|weiter|vor|hinzu|rein|raus|los|nach|fort|weg|durch|fest|frei|leiser|lauter|heller|dunkler|wärmer|kälter)";
const participle = `(?:${particles}?(?:geschaltet|gemacht|gestellt|gesetzt|gedreht|gefahren|geschickt|gesendet|gesperrt|geschlossen|geschrieben|getragen|gelegt|gespielt|gehalten|gegossen|gezogen|gefüllt|geleert|geladen|gebucht|gepasst|geregelt|geheizt|gekühlt|gelöscht|gefügt|gestartet|geworfen|gezündet|genommen|gebracht|geklappt|gelassen|gerufen|geändert|gespeichert)|geöffnet|geoeffnet|gestoppt|verriegelt|entriegelt|verschlossen|gedimmt|erhöht|gesenkt|verringert|reduziert|entfernt|versendet|verschickt|aktiviert|deaktiviert|installiert|notiert|bestellt|reserviert|pausiert|bewässert|erledigt|getan|verbunden|getrennt|gedruckt|ausgedruckt|angerufen|benachrichtigt|informiert|eingestellt|storniert|bezahlt|gekauft|erinnert|programmiert|konfiguriert|justiert|temperiert|gelüftet|gereinigt|gesaugt|ausgelöst|abgespielt|abgeschlossen|aufgeschlossen|erstellt|veranlasst|umgesetzt|ausgeführt|durchgeführt|übernommen)`;
const first =
  "(?:schalte?|mache?|drehe?|stelle?|öffne|oeffne|schließe?|schliesse?|starte|stoppe|dimme|verriegele?|verriegle|entriegele?|entriegle|sperre?|erhöhe|senke|verringere|reduziere|aktiviere|deaktiviere|setze?|schicke?|sende|spiele?|pausiere|gieße|giesse|bewässere|fülle|lösche|entferne|füge|trage|notiere|speichere|buche|bestelle|reserviere|fahre|ziehe|lege|halte|rufe|drucke|heize|kühle|lüfte|erledige|übernehme|kümmere|regele?|regle|merke|schreibe|lade|lasse|tue)";
const infinitive = `(?:${particles}?(?:schalten|machen|drehen|stellen|setzen|fahren|schicken|senden|sperren|schließen|tragen|legen|spielen|halten|gießen|ziehen|füllen|leeren|laden|buchen|passen|regeln|heizen|kühlen|löschen|fügen|starten|rufen|ändern|speichern|nehmen)|öffnen|stoppen|verriegeln|entriegeln|dimmen|erhöhen|senken|verringern|reduzieren|entfernen|aktivieren|deaktivieren|notieren|bestellen|reservieren|pausieren|bewässern|erledigen|tun|kümmern|übernehmen|drucken|lüften|veranlassen|ausführen)`;
const state = `(?:${particles}|offen|geöffnet|geschlossen|zu|aktiv|inaktiv|verriegelt|entriegelt|in betrieb|${participle})`;
const adverbs =
  "(?: (?:jetzt|nun|soeben|gerade|eben|bereits|schon|sofort|gleich|auch|wieder|erfolgreich|für dich|für sie|dir|ihnen|euch))*";
const agreement =
  "ok|okay|ja|jawohl|klar|alles klar|gern|gerne|sehr gern|sehr gerne|natürlich|selbstverständlich|sicher|gut|in ordnung|na klar|du hast recht|sie haben recht|verstanden|super|entschuldigung|so";
const longAgo =
  /(?<!\p{L})(?:gestern|früher|vor (?:\d+|einem|vielen|langer)|seit|damals|letzte[nrs]?|im jahre?|von (?!mir|selbst)\p{L}+|19\d\d)(?!\p{L})/u;
const negated = /(?<!\p{L})(?:nicht|nie|niemals|kein\p{L}*|nichts|kaum|keineswegs)(?!\p{L})/u;
const ownText =
  /(?<!\p{L})(?:antwort|satz|sätze|text|absatz|beispiel\p{L}*|gedicht|geschichte|zusammenfassung|übersetzung|rezept|fehler|mühe|gedanken|sorgen|folgende[nrs]?|unten|erklärung|ende gut)(?!\p{L})/u;
const inClause = "[^,;:.!?]{0,100}?";

/** German. */
export const german: ClaimLanguage = {
  code: "de",
  forms: [
    {
      kind: "report",
      pattern: phrase(`(?:ich hab(?:e|')?|hab(?:e|')? ich|wir haben) ${inClause}${participle}`),
      unless: new RegExp(`${negated.source}|${ownText.source}`, "u"),
    },
    {
      kind: "report",
      pattern: phrase(
        `(?:ist|sind|wurde|wurden|steht|stehen|läuft|laufen) ${inClause}(?:${participle} worden|erfolgreich ${participle})|(?:wurde|wurden)${adverbs} ${inClause}${participle}|(?:ist|sind|steht|läuft)(?: (?:jetzt|nun|wieder|schon|bereits))+ (?:auf \\S+ ${participle}|${state})`,
      ),
      unless: new RegExp(`${negated.source}|${longAgo.source}`, "u"),
    },
    {
      kind: "state",
      pattern: whole(
        agreement,
        `(?:der|die|das|dein[e]?|ihre?) [\\p{L} -]{1,40}? (?:ist|sind|läuft)(?: (?:jetzt|nun))? ${state}`,
      ),
      unless: negated,
    },
    {
      kind: "done",
      pattern: whole(
        agreement,
        "(?:(?:das|es|alles|auftrag|aufgabe|schon|ist)(?: ist| wurde)? )?(?:bereits |schon |hiermit |nun |jetzt )?(?:erledigt|fertig|gemacht|geschafft|passiert|getan|ausgeführt|abgeschlossen)(?:[!.,:;–—-]+ .{0,200})?",
      ),
    },
    {
      kind: "promise",
      pattern: phrase(`(?:ich ${first}|${first} ich)(?:${adverbs} (?:das|dies|es|dafür|darum|mich darum|mich))?`),
      unless: new RegExp(
        `${negated.source}|${ownText.source}|(?<!\\p{L})(?:(?:stelle|stell) (?:ich )?(?:mir|mich|fest)|(?:mache|mach) (?:ich )?mir|halte (?:ich )?(?:es |das |die |den )?für|schließe (?:ich )?daraus|halte ich|lege (?:ich )?wert|setze (?:ich )?(?:mich|voraus)|ziehe (?:ich )?(?:es )?vor|fahre (?:ich )?fort|merke (?:ich )?,|schreibe (?:ich )?(?:dir )?(?:gern )?(?:ein|eine) (?:gedicht|geschichte))(?!\\p{L})`,
        "u",
      ),
    },
    {
      kind: "promise",
      pattern: phrase(`(?:ich werde|werde ich|lass mich|lassen sie mich) ${inClause}${infinitive}`),
      unless: new RegExp(`${negated.source}|${ownText.source}`, "u"),
    },
    {
      kind: "promise",
      pattern: whole(agreement, "wird (?:sofort |gleich )?(?:gemacht|erledigt)|kommt sofort|mach(?:e)? ich|geht klar"),
    },
  ],
  unreal:
    /(?<!\p{L})(?:wenn|falls|ob|sobald|nachdem|bevor|bis|solange|sofern|hätte|würde|könnte|möchte|soll|kann|darf|nicht|nie|kein\p{L}*|sagte?|sagen|meinst|behauptet|glaube|denke|dass|weil|wie|warum|was|als)(?!\p{L})/u,
  conditions: /(?<!\p{L})(?:wenn|falls|sobald|sofern|nachdem|bevor)(?!\p{L})/u,
  politeEnd:
    /(?<!\p{L})(?:sag(?:en sie)? (?:mir )?|lass(?:en sie)? (?:es )?mich|melde|gib|bitte|kann ich sonst|brauchst).*$/u,
  fiction:
    /(?<!\p{L})(?:geschichte|märchen|gedicht|lied|witz|rätsel|brief|aufsatz|roman|dialog|rollenspiel|stell dir vor|übersetze?n?|übersetzung|beispiels?ätze|beispielsatz|auf (?:deutsch|englisch|französisch|spanisch)|wie sagt man|vergangenheit|konjugiere)(?!\p{L})/u,
  questions:
    /^[^\p{L}]*(?:wer|was|wann|wo|warum|wieso|wie|welche[nrs]?|wozu|ist|sind|war|waren|hast|haben|hat|habt|bist|läuft|steht|wurde|gibt)(?!\p{L})/u,
  words: [
    "der",
    "die",
    "das",
    "ist",
    "bitte",
    "und",
    "ein",
    "aus",
    "mach",
    "licht",
    "wie",
    "nicht",
    "den",
    "im",
    "schalte",
    "auf",
    "ich",
  ],
  nothingDone: "Es wurde noch nichts getan. Bitte sag mit anderen Worten, was ich tun soll.",
};
