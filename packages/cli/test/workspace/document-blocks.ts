import { readFile } from "node:fs/promises";
import path from "node:path";
import { repository } from "../run-program.js";

/** A fenced block of code in a document. */
export interface DocumentBlock {
  language: string;
  text: string;
  /** Line of its first fence, from 1. */
  line: number;
  /** HTML comment directly above the block, which says how it is tested; empty where there is none. */
  mark: string;
}

/** Returns the fenced blocks of a document below the repository, in their order. */
export async function readBlocks(file: string): Promise<DocumentBlock[]> {
  return blocksOf(await readFile(path.join(repository, file), "utf8"));
}

function blocksOf(document: string): DocumentBlock[] {
  const blocks: DocumentBlock[] = [];
  let open: (DocumentBlock & { fence: string; indent: string }) | null = null;
  let above = "";
  for (const [index, line] of document.split("\n").entries()) {
    if (open !== null) {
      if (line.trim() === open.fence) {
        const { language, text, line: at, mark } = open;
        blocks.push({ language, text, line: at, mark });
        open = null;
      } else open.text += `${line.startsWith(open.indent) ? line.slice(open.indent.length) : line}\n`;
      above = "";
      continue;
    }
    const [, indent, fence, language] = /^( *)(`{3,})(\S*)/.exec(line) ?? [];
    if (indent === undefined || fence === undefined || language === undefined) {
      if (line.trim() !== "") above = line;
      continue;
    }
    const [, mark = ""] = /^\s*<!-- (.*) -->\s*$/.exec(above) ?? [];
    open = { language, text: "", line: index + 1, mark, fence, indent };
  }
  if (open !== null) throw new Error(`A block of code that begins in line ${open.line} is not closed.`);
  return blocks;
}

/** Returns the number of words that a reader reads: without code, comments, link targets and the marks of tables. */
export function countWords(document: string): number {
  const prose = document
    .replace(/^( *)(`{3,}).*?^\1\2$/gms, "")
    .replace(/<!--.*?-->/gs, "")
    .replace(/\]\([^)]*\)/g, "]")
    .replace(/^[|: -]+$/gm, "");
  return prose.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}
