import { stat } from "node:fs/promises";
import path from "node:path";
import { shellWord } from "./foreign-file.js";

/** The reason, in a file's name or beside it, why it is not whole. */
export interface UnfinishedFile {
  problem: string;
  hint: string;
}

/** Names that download programs give to a file until it is whole. */
const DOWNLOAD_NAME =
  /\.(part|partial|crdownload|download|incomplete|opdownload|filepart|aria2|!qb|!ut|bc!|tmp)$|-partial(-\d+)?$/i;
/** Programs that make a file as large as it will be write down beside it how far they are. */
const PROGRESS_ENDINGS = [".aria2", ".st"] as const;
/** `model.gguf.part-aa`, `model.gguf-split-b`, `model.gguf.part1of3`, `model.gguf.002`. */
const CUT_NAME =
  /^(.+?\.gguf)([-._](?:part|split|chunk|piece)[-._]?|[-._](?=a[a-z]$|xa[a-z]$|\d{1,4}$))([a-z]{1,3}|\d{1,4})(?:[-_.]?of[-_.]?(\d{1,4}))?$/i;
/** More names make no sentence. */
const MAX_LISTED = 16;

/** Tells by a file's name why it may hold only a part of a model; null for a name that says nothing. */
export function unfinishedByName(file: string): UnfinishedFile | null {
  const name = path.basename(file);
  if (DOWNLOAD_NAME.test(name)) {
    return {
      problem: "is a download that has not finished, as its name tells",
      hint: "Let the download finish, or start it again; then name the file that it makes.",
    };
  }
  const [, whole, mark, number, count] = CUT_NAME.exec(name) ?? [];
  if (whole !== undefined && mark !== undefined && number !== undefined) {
    return {
      problem: "is one part of a file that was split by bytes, as its name tells",
      hint: joinParts(path.dirname(file), { whole, mark, number, count }),
    };
  }
  return null;
}

/** Finds what a download program leaves beside a file while it fills it; null where nothing is there. */
export async function unfinishedBySibling(file: string): Promise<UnfinishedFile | null> {
  for (const ending of PROGRESS_ENDINGS) {
    const sibling = await stat(`${file}${ending}`).catch(() => null);
    if (sibling?.isFile() !== true) continue;
    return {
      problem: `is a download that has not finished: ${path.basename(file)}${ending} is beside it`,
      hint: `Let the download finish. If the file is known to be whole, delete ${shellWord(`${file}${ending}`)}.`,
    };
  }
  return null;
}

interface CutName {
  whole: string;
  mark: string;
  number: string;
  count: string | undefined;
}

function joinParts(folder: string, { whole, mark, number, count }: CutName): string {
  const at = (name: string) => (folder === "." ? name : path.join(folder, name));
  const isPadded = /^[a-z]/i.test(number) || number.startsWith("0") || number.length > 1;
  const target = shellWord(at(whole));
  if (process.platform === "win32") {
    return `Get all parts and join them in order, as in: copy /b "FIRST"+"SECOND" ${target}. Then name that file.`;
  }
  if (count !== undefined && Number(count) <= MAX_LISTED) {
    const of = (part: number) => `${whole}${mark}${String(part).padStart(number.length, "0")}`;
    const names = Array.from({ length: Number(count) }, (_, index) => at(`${of(index + 1)}of${count}`));
    return `Get all ${count} parts, join them and name the result: cat ${names.map(shellWord).join(" ")} > ${target}`;
  }
  if (!isPadded || count !== undefined) {
    return `Get all parts and join them with cat in the order of their numbers, into ${target}. Then name that file.`;
  }
  return `Get all parts into one folder, join them and name the result: cat ${shellWord(at(`${whole}${mark}`))}* > ${target}`;
}
