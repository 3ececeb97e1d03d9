import { splitWords, type Word } from "../split-words.js";

/** Words before and after the free text, in the supported languages. */
const edges = new Set(
  (
    "please,pls,could,can,would,you,i,we,me,us,my,our,the,a,an,to,of,on,in,for,with,at,that,this,it,some,want,need,like,have,get,put,add,make,set,write,note,leave,pin,post,send,say,saying,says,tell,remind,remember,search,find,look,up,play,show,give,new,called,named,labeled,about,down,hey,ok,now,and,also," +
    "bitte,kannst,könntest,du,ich,mir,uns,mich,mein,meine,meinen,der,die,das,den,dem,des,ein,eine,einen,zu,zur,zum,auf,an,ans,in,im,ins,für,mit,dass,es,setz,setze,schreib,schreibe,schreiben,häng,hänge,notier,notiere,füge,hinzu,erinnere,such,suche,spiel,spiele,stell,stelle,mach,neue,neuen,neuer," +
    "s'il,s,il,te,plaît,vous,peux,pouvez,tu,je,moi,nous,mon,ma,mes,le,la,les,l,un,une,des,de,du,d,à,au,aux,sur,dans,pour,avec,que,ajoute,ajouter,mets,mettre,écris,note,noter,laisse,affiche,rappelle,cherche,joue," +
    "por,favor,puedes,podrías,yo,mi,me,nos,el,los,las,una,del,al,en,para,con,que,añade,agrega,pon,ponme,escribe,anota,apunta,deja,recuérdame,busca,toca," +
    "per,favore,puoi,potresti,io,mio,mia,ci,lo,gli,uno,della,nel,nella,alla,sul,sulla,con,che,aggiungi,metti,mettimi,scrivi,annota,lascia,ricordami,cerca,suona,di,da"
  ).split(","),
);
const quoted = /["“„«»‹›”']([^"“”„«»‹›']{2,})["“”«»‹›']/u;

/** Words that announce the text itself. */
const announcements = /^(?:that|saying|says|reading|dass|daß|que|che|dicendo|diciendo|disant)$/;
const reminding = /^(?:remind|tell|remember|ask)$/;
/** An announcement must be within the first words. */
const MAX_ANNOUNCEMENT_WORDS = 9;

/** Finds the free text in a message: a quotation, the text after a colon, or the rest without the words of the tool. */
export function readFreeText(
  message: string,
  toolWords: ReadonlySet<string>,
  used: ReadonlySet<number>,
): string | null {
  const quote = quoted.exec(message.replaceAll(/(\p{L})['’](\p{L})/gu, "$1\u0000$2"))?.[1]?.replaceAll("\u0000", "'");
  if (quote !== undefined) return quote.trim();
  const colon = /[:：]\s+(\S[\s\S]*)$/u.exec(message)?.[1];
  if (colon !== undefined) return withoutMark(colon);
  const words = splitWords(message);
  const isOwn = ({ text }: Word, at: number) => edges.has(text) || toolWords.has(text) || used.has(at);
  const announced = announcedAt(words);
  let start = announced;
  while (announced === 0 && start < words.length && isOwn(words[start] as Word, start)) start += 1;
  let end = words.length;
  while (announced === 0 && end > start && isOwn(words[end - 1] as Word, end - 1)) end -= 1;
  const first = words[start];
  const last = words[end - 1];
  return first === undefined || last === undefined || start >= end ? null : message.slice(first.start, last.end);
}

/** Index of the first word of a text that a message quotes or announces, or null. */
export function explicitTextAt(message: string, words: readonly Word[]): number | null {
  const mark = /[:：]\s+\S|["“„«]/u.exec(message);
  const at = mark === null ? announcedAt(words) : words.findIndex(({ start }) => start > mark.index);
  return at > 0 ? at : null;
}

/** Returns the stated purpose of a thing, as in `a timer for the pasta`, or null. */
export function readPurpose(message: string, toolWords: ReadonlySet<string>, used: ReadonlySet<number>): string | null {
  const words = splitWords(message);
  const isOwn = (text: string, at: number) =>
    toolWords.has(text) || used.has(at) || (edges.has(text) && !purposes.test(text));
  const at = words.findIndex(({ text }, index) => purposes.test(text) && !used.has(index + 1));
  if (at < 0) return null;
  let start = at + 1;
  while (start < words.length && isOwn(words[start]?.text ?? "", start)) start += 1;
  let end = words.length;
  while (end > start && isOwn(words[end - 1]?.text ?? "", end - 1)) end -= 1;
  const [first, last] = [words[start], words[end - 1]];
  const isNumber = first?.kind === "number";
  return first === undefined || last === undefined || start >= end || isNumber
    ? null
    : message.slice(first.start, last.end);
}

const purposes = /^(?:for|für|pour|para|per)$/;

/** Index of the first word of an announced text, or 0. */
function announcedAt(words: readonly Word[]): number {
  const near = words.slice(0, MAX_ANNOUNCEMENT_WORDS);
  const at = near.findIndex(({ text }, index) => index > 0 && announcements.test(text));
  if (at > 0) return at + 1;
  const reminder = near.findIndex(({ text }) => reminding.test(text));
  const to = near.findIndex(({ text }, index) => reminder >= 0 && index > reminder + 1 && text === "to");
  return to > 0 ? to + 1 : 0;
}

function withoutMark(text: string): string {
  return text.trim().replace(/[.!。]+$/u, "");
}
