import { stat } from "node:fs/promises";
import path from "node:path";
import { shellWord } from "./foreign-file.js";

/** A sign that a file is incomplete, found in its name or beside it. */
export interface UnfinishedFile {
  problem: string;
  hint: string;
}

/** Names that download programs give to incomplete files. */
const DOWNLOAD_NAME =
  /\.(part|partial|crdownload|download|incomplete|opdownload|filepart|aria2|!qb|!ut|bc!|tmp)$|-partial(-\d+)?$/i;
/** Extensions of progress files, for download programs that create a file in its full size. */
const PROGRESS_ENDINGS = [".aria2", ".st"] as const;
/** `model.gguf.part-aa`, `model.gguf-split-b`, `model.gguf.part1of3`, `model.gguf.002`. */
const CUT_NAME =
  /^(.+?\.gguf)([-._](?:part|split|chunk|piece)[-._]?|[-._](?=a[a-z]$|xa[a-z]$|\d{1,4}$))([a-z]{1,3}|\d{1,4})(?:[-_.]?of[-_.]?(\d{1,4}))?$/i;
/** Most part names that a hint lists. */
const MAX_LISTED = 16;

/** Returns why a file may be only a part of a model, judged by its name; null for an ordinary name. */
export function unfinishedByName(file: string): UnfinishedFile | null {
  const name = path.basename(file);
  if (DOWNLOAD_NAME.test(name)) {
    return {
      problem: "is an incomplete download, judging by its name",
      hint: "Finish the download or start it again, then use the finished file.",
    };
  }
  const [, whole, mark, number, count] = CUT_NAME.exec(name) ?? [];
  if (whole !== undefined && mark !== undefined && number !== undefined) {
    return {
      problem: "is one part of a file that was split by bytes, judging by its name",
      hint: joinParts(path.dirname(file), { whole, mark, number, count }),
    };
  }
  return null;
}

/** Looks for the progress file of a download program beside a file; null if there is none. */
export async function unfinishedBySibling(file: string): Promise<UnfinishedFile | null> {
  for (const ending of PROGRESS_ENDINGS) {
    const sibling = await stat(`${file}${ending}`).catch(() => null);
    if (sibling?.isFile() !== true) continue;
    return {
      problem: `is an incomplete download: ${path.basename(file)}${ending} is beside it`,
      hint: `Finish the download. If the file is complete, delete ${shellWord(`${file}${ending}`)}.`,
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
    return `Get all parts and join them in order: copy /b "FIRST"+"SECOND" ${target}. Then use that file.`;
  }
  if (count !== undefined && Number(count) <= MAX_LISTED) {
    const of = (part: number) => `${whole}${mark}${String(part).padStart(number.length, "0")}`;
    const names = Array.from({ length: Number(count) }, (_, index) => at(`${of(index + 1)}of${count}`));
    return `Get all ${count} parts, join them and use the result: cat ${names.map(shellWord).join(" ")} > ${target}`;
  }
  if (!isPadded || count !== undefined) {
    return `Get all parts and join them with cat, ordered by number, into ${target}. Then use that file.`;
  }
  return `Put all parts into one folder, join them and use the result: cat ${shellWord(at(`${whole}${mark}`))}* > ${target}`;
}
