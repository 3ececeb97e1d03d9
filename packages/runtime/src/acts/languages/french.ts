import { type ClaimLanguage, phrase, whole } from "../claim-language.js";

const participle =
  "(?:(?:allum|ferm|activ|désactiv|régl|ajout|supprim|lanc|démarr|arrêt|verrouill|déverrouill|baiss|augment|mont|envoy|enregistr|not|programm|modifi|chang|arros|command|réserv|coup|branch|débranch|appel|imprim|effac|annul|sauvegard|connect|déconnect|tamis|diminu|chauff|déplac|jou|paus|achet|pay|exécut|effectu|appliqu|ajust|ouvr|ramen|pass)é(?:e|s|es)?|éteinte?s?|ouverte?s?|mise?s?|remplie?s?|réduite?s?|rempli|interrompue?s?|éteint|averti|prévenue?s?|vidée?s?|inscrite?s?|fait (?:cela|ça|ce que)|rallumée?s?|remise?s?)";
const present =
  "(?:allume|éteins|ouvre|ferme|active|désactive|règle|ajoute|supprime|lance|démarre|arrête|verrouille|déverrouille|baisse|augmente|monte|envoie|enregistre|note|programme|modifie|change|arrose|commande|réserve|coupe|branche|appelle|imprime|mets|remplis|réduis)";
const infinitive =
  "(?:allumer|éteindre|ouvrir|fermer|activer|désactiver|régler|ajouter|supprimer|lancer|démarrer|arrêter|verrouiller|déverrouiller|baisser|augmenter|monter|envoyer|enregistrer|noter|programmer|modifier|changer|arroser|commander|réserver|couper|brancher|appeler|imprimer|mettre|remplir|réduire|faire (?:ça|cela)|le faire|m'en (?:occuper|charger))";
const state = `(?:${participle}|en marche|allumée?s?|active?s?)`;
const adverbs =
  "(?: (?:maintenant|bien|déjà|aussi|tout de suite|immédiatement|désormais|à présent|donc|vite|d'ores et déjà|juste))*";
const agreement =
  "ok|d'accord|oui|bien sûr|très bien|bien|entendu|parfait|tout de suite|certainement|vous avez raison|tu as raison|voilà|compris|c'est bon|désolée?|pas de problème|avec plaisir";
const longAgo =
  /(?<!\p{L})(?:hier|autrefois|depuis|il y a|en (?:1\d|20)\d\d|l'an dernier|par (?!moi|mes)\p{L}+)(?!\p{L})/u;
const ownText =
  /(?<!\p{L})(?:réponse|phrases?|paragraphe|texte|exemples?|poème|histoire|résumé|traduction|recette|ci-dessous|suivante?s?|erreur|avis)(?!\p{L})/u;
const negated = /(?<!\p{L})(?:n'|ne |pas|jamais|rien|aucune?)(?!\p{L})/u;

/** French. */
export const french: ClaimLanguage = {
  code: "fr",
  forms: [
    {
      kind: "report",
      pattern: phrase(
        `(?:j'ai|je (?:l'|les |vous |te |vous l'|te l'|vous les )ai|je l'ai|nous avons|on a|je viens de?)${adverbs} (?:${participle}|tout (?:${participle}|éteint)|fait|${infinitive})(?= |[.!,;:…]|$)`,
      ),
      unless: new RegExp(`${ownText.source}|j'ai (?:bien )?fait (?:une?|de|des|mon|attention)(?!\\p{L})`, "u"),
    },
    {
      kind: "report",
      pattern: phrase(
        `(?:a|ont)${adverbs} été${adverbs} ${participle}|(?:est|sont) (?:maintenant|désormais|à présent|bien|déjà)${adverbs} ${state}|vient d'être ${participle}`,
      ),
      unless: new RegExp(`${negated.source}|${longAgo.source}`, "u"),
    },
    {
      kind: "state",
      pattern: whole(agreement, `(?:l'|le |la |les |votre |ta |ton )[\\p{L}' -]{1,40}? (?:est|sont) ${state}`),
      unless: negated,
    },
    {
      kind: "done",
      pattern: whole(
        agreement,
        "(?:(?:c'est|voilà|tout est|ça y est|c'est chose|voilà qui est|tâche)[, ]*(?:c'est )?)?(?:déjà |bien )?(?:fait|chose faite|terminée?|réglé|accomplie?|effectuée?|ça y est|voilà qui est fait)(?:[!.,:;–—-]* [!.,:;–—-]*.{0,200})?",
      ),
      unless: /^[^\p{L}]*(?:fait|terminée?|réglé) \p{L}/u,
    },
    {
      kind: "promise",
      pattern: phrase(
        `(?:j'${present}|je (?:l'|les |le |la |vous |te )?${present}|je vais${adverbs} (?:l'|les |le |la |vous |te )?${infinitive}|je m'en (?:occupe|charge)|je (?:le|la|les) fais|je fais (?:ça|cela)|je vais le faire|(?:j'|je )\\p{L}+erai${adverbs} (?:la|le|les|l'))`,
      ),
      unless: new RegExp(
        `${negated.source}|${ownText.source}|(?<!\\p{L})je (?:note que|change de sujet|mets (?:l'accent|en garde)|commande un)(?!\\p{L})|j'(?:aimerai|adorerai|arriverai)`,
        "u",
      ),
    },
  ],
  unreal:
    /(?<!\p{L})(?:si|s'|quand|lorsque?|dès que|une fois que|après que|avant que|jusqu'à|pourrais|peux|voudrais|dois|ne|n'|pas|jamais|disait|dit|dites|dis|pense|crois|comme si|comment|pourquoi)(?!\p{L})/u,
  conditions: /(?<!\p{L})(?:si|quand|lorsque|dès que|une fois que|après que)(?!\p{L})/u,
  politeEnd: /(?<!\p{L})(?:dites-moi|dis-moi|n'hésite|faites-moi|fais-moi|s'il (?:vous|te)|avez-vous|puis-je).*$/u,
  fiction:
    /(?<!\p{L})(?:histoire|conte|poème|chanson|blague|devinette|lettre|rédaction|roman|dialogue|jeu de rôle|imagine[zr]?|tradui[st]|traduire|traduction|phrases? d'exemple|en (?:anglais|allemand|français|espagnol)|comment dit-on|passé composé|conjugue)(?!\p{L})/u,
  questions:
    /^[^\p{L}]*(?:qui|que|quoi|quand|où|pourquoi|comment|quelle?s?|combien|est-ce|qu'est|as-tu|avez-vous|est-elle|est-il)(?!\p{L})/u,
  words: [
    "le",
    "la",
    "les",
    "est",
    "une",
    "des",
    "et",
    "s'il",
    "plaît",
    "dans",
    "du",
    "je",
    "lumière",
    "allume",
    "quelle",
    "mets",
    "peux",
  ],
  nothingDone: "Rien n'a encore été fait. Dites-moi autrement ce que je dois faire.",
};
