import { cutText } from "@nanoagent/models";
import { splitWords } from "../split-words.js";

/** Languages supported by the choice of tools. */
export type SpokenLanguage = "en" | "de" | "fr" | "es" | "it";

/** Words that are frequent in one language and rare in the others. */
const frequent: Record<SpokenLanguage, string> = {
  en: "the,is,are,it,what,please,turn,you,my,of,to,and,how,can,i,this,that,in,off,with,for,do,does,we,set,there,now,at",
  de: "der,die,das,den,dem,ist,und,bitte,ein,eine,einen,im,ich,wie,mach,mir,auf,zu,nicht,es,was,warum,kannst,du,mal,noch,für,von,sind,wird,welche,am,wir,ja,nein",
  fr: "le,la,les,est,et,un,une,des,du,je,tu,vous,dans,il,elle,que,quoi,pourquoi,pour,peux,mets,au,aux,ce,cette,plaît,fait,sur,de,nous,quel,quelle,combien,oui,non,moi,y,à",
  es: "el,la,los,las,es,está,y,un,una,por,favor,en,qué,cómo,para,puedes,que,del,me,cuál,pon,hace,de,cuánto,cuánta,hay,mi,con,sí,estoy,se,al",
  it: "da,dal,dalla,nella,alla,sul,sulla,mio,mia,c'è,fa,fuori,tutto,tutti,ancora,grazie,il,lo,la,gli,le,è,e,un,una,per,favore,in,che,come,puoi,nel,nella,del,della,mi,quanto,c,metti,di,sono,qual,al,sì,non,con,ho,si,i,più",
};

const known = Object.entries(frequent).map(
  ([language, words]) => [language as SpokenLanguage, new Set(words.split(","))] as const,
);

/** Weight of a word: lower where several languages share it. */
function weightOf(word: string): number {
  return 1 / known.filter(([, words]) => words.has(word)).length;
}

/** Returns the most likely language of a message. Default: English. */
export function spokenLanguage(message: string): SpokenLanguage {
  const words = splitWords(cutText(message, 2000));
  let best: SpokenLanguage = "en";
  let most = 0;
  for (const [language, own] of known) {
    const shared = words.reduce((sum, { text }) => sum + (own.has(text) ? weightOf(text) : 0), 0);
    if (shared > most) [best, most] = [language, shared];
  }
  return best;
}
