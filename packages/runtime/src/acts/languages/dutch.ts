import { type ClaimLanguage, phrase, whole } from "../claim-language.js";

const participle =
  "(?:(?:aan|uit|op|in|af|dicht|open|door|toe|neer|hoger|lager|om|terug|stop)?(?:gezet|gedaan|geschakeld|gedraaid|gesteld|gelegd|gestuurd|gevoegd|geschreven|gepast|gegaan|gevuld|gesloten|gemaakt|gebracht)|geopend|gesloten|gestart|gestopt|vergrendeld|ontgrendeld|gedimd|verhoogd|verlaagd|verminderd|verwijderd|verstuurd|verzonden|opgeslagen|genoteerd|geactiveerd|gedeactiveerd|gewijzigd|veranderd|besteld|geboekt|gereserveerd|gepauzeerd|geannuleerd|geregeld|afgespeeld|gesproeid|geprint|afgedrukt|gebeld|ingepland|geplaatst|ingesteld|bijgewerkt|aangepast|uitgevoerd|verzet|opgenomen|gewist)";
const first =
  "(?:zet|doe|schakel|draai|open|sluit|start|stop|vergrendel|ontgrendel|dim|verhoog|verlaag|activeer|deactiveer|stel|stuur|speel|pauzeer|vul|wis|verwijder|voeg|noteer|bewaar|boek|bestel|reserveer|bel|print|regel|sproei)";
const infinitive =
  "(?:(?:aan|uit|op|in|af|dicht|open|toe)?(?:zetten|doen|schakelen|draaien|stellen|sturen|voegen|schrijven|passen|vullen)|openen|sluiten|starten|stoppen|vergrendelen|ontgrendelen|dimmen|verhogen|verlagen|verwijderen|versturen|opslaan|noteren|activeren|deactiveren|wijzigen|bestellen|boeken|reserveren|pauzeren|afspelen|regelen)";
const state = `(?:aan|uit|open|dicht|op slot|actief|${participle})`;
const agreement =
  "ok|oké|ja|goed|prima|natuurlijk|zeker|komt goed|graag|begrepen|je hebt gelijk|u hebt gelijk|uiteraard|doe ik|sorry|geen probleem|zo";
const negated = /(?<!\p{L})(?:niet|nooit|geen|niets|nauwelijks)(?!\p{L})/u;
const longAgo = /(?<!\p{L})(?:gisteren|geleden|vroeger|sinds|in (?:1\d|20)\d\d|vorige?|door (?!mij)\p{L}+)(?!\p{L})/u;
const ownText =
  /(?<!\p{L})(?:antwoord|zin|zinnen|tekst|alinea|voorbeeld\p{L}*|gedicht|verhaal|samenvatting|vertaling|recept|fout|volgende|hieronder)(?!\p{L})/u;
const inClause = "[^,;:.!?]{0,100}?";

/** Dutch. */
export const dutch: ClaimLanguage = {
  code: "nl",
  forms: [
    {
      kind: "report",
      pattern: phrase(`(?:(?:ik|'k) heb|heb ik|we hebben|wij hebben) ${inClause}${participle}`),
      unless: new RegExp(`${negated.source}|${ownText.source}`, "u"),
    },
    {
      kind: "report",
      pattern: phrase(
        `(?:is|zijn|werd|werden|staat|staan) (?:(?:nu|al|weer|zojuist|net|met succes|reeds) )+${inClause}${state}|(?:is|zijn) ${inClause}(?:aangezet|uitgezet|ingeschakeld|uitgeschakeld|aangedaan|uitgedaan|geopend|gesloten|ingesteld|vergrendeld|ontgrendeld|toegevoegd|verwijderd|gestart|gestopt|verstuurd|opgeslagen)`,
      ),
      unless: new RegExp(`${negated.source}|${longAgo.source}`, "u"),
    },
    {
      kind: "state",
      pattern: whole(agreement, `(?:de|het|je|uw) [\\p{L} -]{1,40}? (?:is|zijn|staat|staan) ${state}`),
      unless: negated,
    },
    {
      kind: "done",
      pattern: whole(
        agreement,
        "(?:(?:dat|het|alles|taak)(?: is)? )?(?:al |nu )?(?:gedaan|klaar|gebeurd|geregeld|voltooid|gelukt)(?:[!.,:;–—-]+ .{0,200})?",
      ),
    },
    {
      kind: "promise",
      pattern: phrase(
        `(?:ik ${first}|(?:dat|dit|nu|meteen|hierbij) ${first} ik|ik (?:zal|ga) ${inClause}${infinitive}|ik (?:doe|regel) (?:het|dat)|laat mij ${inClause}${infinitive})`,
      ),
      unless: new RegExp(
        `${negated.source}|${ownText.source}|(?<!\\p{L})ik (?:stel (?:voor|me|vast|mij)|sluit me|doe mijn best)(?!\\p{L})`,
        "u",
      ),
    },
    {
      kind: "promise",
      pattern: whole(agreement, "(?:dat )?komt (?:voor elkaar|eraan)|doe ik|wordt gedaan|ik ga ermee aan de slag"),
    },
  ],
  unreal:
    /(?<!\p{L})(?:als|indien|zodra|nadat|voordat|totdat|wanneer|zou|kan|kon|moet|wil|mag|niet|nooit|geen|zei|zegt|denk|geloof|dat je|of|hoe|waarom)(?!\p{L})/u,
  conditions: /(?<!\p{L})(?:als|indien|zodra|nadat|wanneer|mits)(?!\p{L})/u,
  politeEnd: /(?<!\p{L})(?:laat (?:het )?me|zeg het|vertel|alsjeblieft|alstublieft|heb je|kan ik).*$/u,
  fiction:
    /(?<!\p{L})(?:verhaal|sprookje|gedicht|liedje|lied|mop|raadsel|brief|opstel|roman|dialoog|rollenspel|stel je voor|vertaal|vertaling|voorbeeldzin(?:nen)?|in het (?:engels|duits|frans|nederlands)|hoe zeg je|verleden tijd|vervoeg)(?!\p{L})/u,
  questions: /^[^\p{L}]*(?:wie|wat|wanneer|waar|waarom|hoe|welke?|is|zijn|was|heb|heeft|hebben|staat|brandt)(?!\p{L})/u,
  words: [
    "het",
    "een",
    "van",
    "alsjeblieft",
    "zet",
    "doe",
    "licht",
    "ik",
    "niet",
    "wat",
    "hoe",
    "op",
    "aan",
    "uit",
    "je",
    "en",
    "de",
  ],
  nothingDone: "Er is nog niets gedaan. Zeg met andere woorden wat ik moet doen.",
};
