import { type ClaimLanguage, phrase, whole } from "../claim-language.js";

const participle =
  "(?:(?:encend|sub|añad|instal|detenid|reduc|inclu|recogid|med)ido|(?:apag|cerr|activ|desactiv|ajust|agreg|borr|elimin|inici|par|bloque|desbloque|baj|envi|guard|program|cambi|reg|llen|reserv|anot|apunt|configur|conect|desconect|cancel|paus|reproduc|mand|compr|pag|ejecut|realiz|atenu|aument|reinici|impri|llam|arranc|cre|regul|qui|coloc|riega|vaci|silenci)ad[oa]s?|encendid[oa]s?|detenid[oa]s?|subid[oa]s?|añadid[oa]s?|abiert[oa]s?|puest[oa]s?|reducid[oa]s?|impres[oa]s?|pedid[oa]s?|reproducid[oa]s?|hech[oa]s?|escrit[oa]s?)";
const preterite =
  "(?:encendí|apagué|abrí|cerré|puse|activé|desactivé|ajusté|añadí|agregué|inicié|detuve|subí|bajé|envié|guardé|programé|cambié|bloqueé|desbloqueé|regué|llené|borré|eliminé|reservé|anoté|apunté|configuré|conecté|pedí|imprimí)";
const present =
  "(?:enciendo|apago|abro|cierro|pongo|activo|desactivo|ajusto|añado|agrego|inicio|detengo|subo|bajo|envío|guardo|programo|cambio|bloqueo|desbloqueo|riego|lleno|borro|elimino|reservo|anoto|apunto|conecto)";
const future =
  "(?:encenderé|apagaré|abriré|cerraré|pondré|activaré|desactivaré|ajustaré|añadiré|agregaré|iniciaré|detendré|subiré|bajaré|enviaré|guardaré|programaré|cambiaré|bloquearé|desbloquearé|regaré|llenaré|borraré|eliminaré|reservaré|anotaré|apuntaré|conectaré)";
const infinitive =
  "(?:encender|apagar|abrir|cerrar|poner|activar|desactivar|ajustar|añadir|agregar|iniciar|detener|parar|subir|bajar|enviar|guardar|programar|cambiar|bloquear|desbloquear|regar|llenar|borrar|eliminar|reservar|anotar|apuntar|conectar|hacer(?:lo)?)(?:l[oae]s?|te|se)?";
const state = `(?:${participle}|en marcha|activ[oa]s?)`;
const adverbs = "(?: (?:ya|ahora|también|mismo|inmediatamente|enseguida|correctamente|con éxito))*";
const agreement =
  "ok|vale|sí|si|claro|claro que sí|por supuesto|de acuerdo|perfecto|muy bien|bien|entendido|tienes razón|tiene razón|enseguida|ahora mismo|lo siento|con gusto|sin problema";
const longAgo =
  /(?<!\p{L})(?:ayer|hace|desde|en (?:1\d|20)\d\d|el año pasado|por (?!mí|favor)(?:el|la|los|un|una)(?!\p{L}))/u;
const ownText =
  /(?<!\p{L})(?:respuesta|frases?|párrafo|texto|ejemplos?|poema|historia|cuento|resumen|traducción|receta|siguientes?|abajo|error)(?!\p{L})/u;
const negated = /(?<!\p{L})(?:no|nunca|jamás|nada|ningun[oa]?)(?!\p{L})/u;

/** Spanish. */
export const spanish: ClaimLanguage = {
  code: "es",
  forms: [
    {
      kind: "report",
      pattern: phrase(
        `(?:(?:te |le |se )?(?:l[oae]s? )?(?:he|hemos)${adverbs} ${participle}|(?:te |l[oa]s? )?${preterite})`,
      ),
      unless: new RegExp(`${negated.source}|${ownText.source}|${longAgo.source}`, "u"),
    },
    {
      kind: "report",
      pattern: phrase(
        `(?:ha|han)${adverbs} sido ${participle}|se (?:ha|han)${adverbs} ${participle}|(?:está|están|queda|quedan|quedó)${adverbs} (?:ya|ahora)${adverbs} ${state}|(?:ya|ahora) (?:está|están)${adverbs} ${state}|(?:queda|quedan|ha quedado) ${state}`,
      ),
      unless: new RegExp(`${negated.source}|${longAgo.source}`, "u"),
    },
    {
      kind: "state",
      pattern: whole(agreement, `(?:el|la|los|las|tu) [\\p{L} -]{1,40}? (?:está|están) ${state}`),
      unless: negated,
    },
    {
      kind: "done",
      pattern: whole(
        agreement,
        "(?:(?:ya|todo|eso|tarea) )?(?:(?:está|quedó) )?(?:hecho|list[oa]|terminad[oa]|completad[oa]|ya está)(?:[!.,:;–—-]+ .{0,200})?",
      ),
    },
    {
      kind: "promise",
      pattern: phrase(
        `(?:(?:te |l[oa]s? )?(?:${present}|${future})(?= (?:el|la|los|las|tu|lo|ahora|ya|enseguida|un|una|que|luz|mi|eso)|[.!,;]|$)|(?:voy|vamos) a${adverbs} ${infinitive}|lo (?:haré|hago)|me (?:encargo|ocupo)|(?:estoy|yo) (?:encendiendo|apagando|abriendo|cerrando|poniendo|activando))`,
      ),
      unless: new RegExp(
        `${negated.source}|${ownText.source}|(?<!\\p{L})(?:el|un|al|del|este) (?:cambio|inicio|riego|cierro)(?!\\p{L})`,
        "u",
      ),
    },
  ],
  unreal:
    /(?<!\p{L})(?:si|cuando|una vez que|después de que|antes de que|hasta que|podría|puedo|quieres|debo|no|nunca|dijiste|dice|dijo|creo|pienso|como si|cómo|por qué|que si|en cuanto)(?!\p{L})/u,
  conditions: /(?<!\p{L})(?:si|cuando|una vez que|en cuanto|después de que)(?!\p{L})/u,
  politeEnd: /(?<!\p{L})(?:dime|avísame|házmelo|hágame|por favor|necesitas|hay algo|puedo).*$/u,
  fiction:
    /(?<!\p{L})(?:historia|cuento|poema|canción|chiste|adivinanza|carta|redacción|novela|diálogo|imagina|traduc[ei]\p{L}*|tradúce\p{L}*|traducción|frases? de ejemplo|en (?:inglés|alemán|francés|español)|cómo se dice|pasado|conjuga)(?!\p{L})/u,
  questions:
    /^[^\p{L}]*(?:quién|qué|que|cuándo|dónde|por qué|cómo|cuál|cuáles|cuánt[oa]s?|está|están|has|ha|hay|es)(?!\p{L})|^¿/u,
  words: [
    "el",
    "los",
    "las",
    "una",
    "por",
    "favor",
    "enciende",
    "apaga",
    "luz",
    "está",
    "qué",
    "y",
    "del",
    "pon",
    "cómo",
    "abre",
  ],
  nothingDone: "Todavía no se ha hecho nada. Dime con otras palabras qué debo hacer.",
};
