import { foldCase } from "../fold-case.js";
import type { SpokenLanguage } from "./spoken-language.js";

/** Common schema values and the words for them: English; German; French; Spanish; Italian. */
const said: Record<string, string> = {
  on: "on;an,ein,anschalten,einschalten,anmachen,eingeschaltet;allume,allumer,allumez,allumée,allumé,marche;enciende,encender,prende,encendido,encendida;accendi,accendere,accesa,acceso",
  off: "off;aus,ausschalten,ausmachen,abschalten,ausgeschaltet;éteins,éteindre,éteignez,éteint,éteinte;apaga,apagar,apagado,apagada;spegni,spegnere,spento,spenta",
  open: "open,opened;auf,öffne,öffnen,offen,aufmachen,geöffnet;ouvre,ouvrir,ouvrez,ouvert,ouverte;abre,abrir,abierto,abierta;apri,aprire,aperto,aperta",
  closed:
    "closed,close,shut;zu,schließe,schließ,schließen,geschlossen,zumachen;ferme,fermer,fermez,fermé,fermée;cierra,cerrar,cerrado,cerrada;chiudi,chiudere,chiuso,chiusa",
  up: "up,higher,raise;hoch,rauf,höher,hochfahren;monte,monter,remonte,haut;sube,subir,arriba;alza,alzare,su",
  down: "down,lower;runter,herunter,tiefer,herunterfahren;baisse,baisser,descends,bas;baja,bajar,abajo;abbassa,abbassare,giù",
  start:
    "start,begin,run;starte,starten,beginne;démarre,démarrer,commence,lance,lancer;empieza,inicia,arranca,arrancar;avvia,avviare,inizia",
  stop: "stop,halt;stopp,stoppe,stoppen,anhalten;arrête,arrêter,stoppe;para,detén,detener;ferma,fermare",
  low: "low,gentle,lowest;niedrig,niedrige,schwach,leise;bas,basse,faible,doux;bajo,baja,suave;basso,bassa,minimo",
  medium: "medium,middle,moderate;mittel,mittlere,mittlerer;moyen,moyenne;medio,media;medio,media",
  high: "high,strong,full,highest;hoch,hohe,hoher,stark,starke;haut,haute,élevé,fort,forte;alto,alta,fuerte;alto,alta,forte,massimo",
  slow: "slow,slowly;langsam,langsame;lent,lente,lentement;lento,lenta,despacio;lento,lenta,lentamente",
  fast: "fast,quick,quickly;schnell,schnelle;rapide,vite;rápido,rápida;veloce",
  left: "left;links,linke,linken;gauche;izquierda,izquierdo;sinistra,sinistro",
  right: "right;rechts,rechte,rechten;droite;derecha,derecho;destra,destro",
  front: "front;vorne,vordere,vorderen;devant,avant;delantera,delantero,delante;anteriore,davanti",
  back: "back,rear;hinten,hintere,hinteren;arrière,derrière;trasera,trasero,detrás;posteriore,dietro",
  north: "north,northern;nord,norden,nordseite,nördliche;nord;norte;nord",
  south: "south,southern;süd,süden,südseite,südliche;sud;sur;sud",
  east: "east,eastern;ost,osten,östliche;est;este;est",
  west: "west,western;west,westen,westliche;ouest;oeste;ovest",
  all: "all,every,everything,everywhere;alle,alles,überall;tous,toutes,tout,partout;todos,todas,todo;tutti,tutte,tutto",
  none: "none,nothing;keine,keiner,nichts;aucun,aucune;ninguno,ninguna;nessuno,nessuna",
  today: "today,tonight;heute;aujourd'hui;hoy;oggi",
  tomorrow: "tomorrow;morgen;demain;mañana;domani",
  yesterday: "yesterday;gestern;hier;ayer;ieri",
  monday: "monday,mondays;montag,montags;lundi;lunes;lunedì",
  tuesday: "tuesday;dienstag,dienstags;mardi;martes;martedì",
  wednesday: "wednesday;mittwoch,mittwochs;mercredi;miércoles;mercoledì",
  thursday: "thursday;donnerstag;jeudi;jueves;giovedì",
  friday: "friday;freitag;vendredi;viernes;venerdì",
  saturday: "saturday;samstag,sonnabend;samedi;sábado;sabato",
  sunday: "sunday;sonntag;dimanche;domingo;domenica",
  morning: "morning;morgen,früh,vormittag;matin;mañana;mattina,mattino",
  evening: "evening,night,tonight;abend,abends;soir;noche,tarde;sera",
  day: "day,daytime;tag,tags,tagsüber;jour,journée;día;giorno",
  night: "night,tonight;nacht,nachts;nuit;noche;notte",
  red: "red;rot,rote,roten,roter,rotes;rouge;rojo,roja;rosso,rossa",
  green: "green;grün,grüne,grünen;vert,verte;verde;verde",
  blue: "blue;blau,blaue,blauen;bleu,bleue;azul;blu",
  yellow: "yellow;gelb,gelbe,gelben;jaune;amarillo,amarilla;giallo,gialla",
  white: "white;weiß,weiße,weißen;blanc,blanche;blanco,blanca;bianco,bianca",
  black: "black;schwarz,schwarze,schwarzen;noir,noire;negro,negra;nero,nera",
  warm: "warm;warm,warme,warmes,warmen;chaud,chaude;cálido,cálida;caldo,calda",
  cold: "cold,cool;kalt,kalte,kaltes,kalten;froid,froide;frío,fría;freddo,fredda",
  kitchen: "kitchen;küche;cuisine;cocina;cucina",
  bedroom: "bedroom;schlafzimmer;chambre;dormitorio,habitación;camera da letto,camera",
  bathroom: "bathroom,bath;bad,badezimmer;salle de bain,salle de bains;baño;bagno",
  hall: "hall,hallway,corridor;flur,diele,gang;couloir,entrée;pasillo;corridoio",
  garage: "garage;garage;garage;garaje;garage",
  office: "office,study;büro,arbeitszimmer;bureau;oficina,despacho;ufficio,studio",
  garden: "garden,yard;garten;jardin;jardín;giardino",
  cellar: "cellar,basement;keller;cave,sous-sol;sótano;cantina",
  "living room": "living room,lounge,sitting room;wohnzimmer;salon,séjour;sala,salón,sala de estar;soggiorno,salotto",
  "dining room": "dining room;esszimmer;salle à manger;comedor;sala da pranzo",
  nursery: "nursery,children's room,kids room;kinderzimmer;chambre d'enfant;cuarto de los niños;cameretta",
  outside: "outside,outdoors,outdoor;draußen,außen;dehors,extérieur;fuera,afuera,exterior;fuori,esterno,esterna",
  inside: "inside,indoors,indoor;drinnen,innen;dedans,intérieur;dentro,interior;dentro,interno,interna",
  attic: "attic,loft;dachboden;grenier;ático,desván;soffitta",
  entrance: "entrance,entry,front door;eingang;entrée;entrada;ingresso,entrata",
  door: "door;tür;porte;puerta;porta",
  window: "window;fenster;fenêtre;ventana;finestra",
  terrace: "terrace,patio;terrasse;terrasse;terraza;terrazza",
  balcony: "balcony;balkon;balcon;balcón;balcone",
};

const languages: readonly SpokenLanguage[] = ["en", "de", "fr", "es", "it"];

/** Values that mean the same as a value of the table. */
const alike: Record<string, string> = {
  true: "on",
  false: "off",
  enabled: "on",
  disabled: "off",
  close: "closed",
  shut: "closed",
  opened: "open",
  mid: "medium",
  hallway: "hall",
  basement: "cellar",
  livingroom: "living room",
  rear: "back",
  any: "all",
  everything: "all",
  both: "all",
  mon: "monday",
  tue: "tuesday",
  wed: "wednesday",
  thu: "thursday",
  fri: "friday",
  sat: "saturday",
  sun: "sunday",
};

/** Returns the ways to say a schema value: its own words, and known words of the language. */
export function waysToSay(value: string | number | boolean, language: SpokenLanguage): string[] {
  const own = String(value)
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .replaceAll(/[_\-/]+/g, " ")
    .trim();
  const key = foldCase(own, "plain");
  const name = Object.hasOwn(alike, key) ? (alike[key] as string) : key;
  const known = Object.hasOwn(said, name) ? (said[name] as string).split(";") : [];
  const others = known[languages.indexOf(language)]?.split(",") ?? [];
  return [...new Set([own, ...others])];
}
