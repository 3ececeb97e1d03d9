import type { Block, PlacedBlock } from "./block.js";
import { readTable } from "./read-table.js";

/** Quotes and lists inside each other. Deeper ones are shown as text. */
const MAX_DEPTH = 6;
/** Columns of a tab stop. */
const TAB = "    ";

/** Returns the blocks of a text, in time linear to its length. */
export function parseBlocks(lines: readonly string[], depth = 0): PlacedBlock[] {
  const blocks: PlacedBlock[] = [];
  let at = 0;
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const { block, to } = readBlock(lines, at, depth);
    blocks.push({ block, from: at, to });
    at = to;
  }
  return blocks;
}

type Read = { readonly block: Block; readonly to: number };

function readBlock(lines: readonly string[], at: number, depth: number): Read {
  return (
    readCode(lines, at) ??
    readSingleLine(lines, at) ??
    (depth < MAX_DEPTH ? (readQuote(lines, at, depth) ?? readList(lines, at, depth)) : null) ??
    readTable(lines, at) ??
    readParagraph(lines, at, depth)
  );
}

function readCode(lines: readonly string[], at: number): Read | null {
  const opening = fenceOf(lines[at]);
  if (opening === null) return null;
  const text: string[] = [];
  let to = at + 1;
  for (; to < lines.length; to++) {
    const line = lines[to] ?? "";
    const closing = fenceOf(line);
    if (closing !== null && closing.info === "" && closing.mark.startsWith(opening.mark)) break;
    text.push(withoutIndent(line, opening.indent));
  }
  return { block: { type: "code", language: opening.info, text: text.join("\n") }, to: Math.min(to + 1, lines.length) };
}

function fenceOf(line = ""): { mark: string; info: string; indent: number } | null {
  const match = /^( {0,3})(`{3,}|~{3,})(.*)$/.exec(line);
  if (match === null) return null;
  const [, indent = "", mark = "", info = ""] = match;
  return mark.startsWith("`") && info.includes("`") ? null : { mark, info: info.trim(), indent: indent.length };
}

function readSingleLine(lines: readonly string[], at: number): Read | null {
  const line = lines[at] ?? "";
  if (isRule(line)) return { block: { type: "rule" }, to: at + 1 };
  const heading = /^ {0,3}(#{1,6})(?:[ \t](.*))?$/.exec(line);
  if (heading === null) return null;
  const [, marks = "", text = ""] = heading;
  return { block: { type: "heading", level: marks.length, text: withoutClosingMarks(text.trim()) }, to: at + 1 };
}

/** `Title ##` → `Title`. */
function withoutClosingMarks(text: string): string {
  let end = text.length;
  while (text[end - 1] === "#") end -= 1;
  return end === text.length || (end > 0 && text[end - 1] !== " ") ? text : text.slice(0, end).trimEnd();
}

function isRule(line: string): boolean {
  if (!/^ {0,3}[-*_]/.test(line)) return false;
  const marks = line.replace(/[ \t]/g, "");
  return marks.length >= 3 && /^(?:-+|\*+|_+)$/.test(marks);
}

const isQuote = (line = "") => /^ {0,3}>/.test(line);

function readQuote(lines: readonly string[], at: number, depth: number): Read | null {
  if (!isQuote(lines[at])) return null;
  const inner: string[] = [];
  let to = at;
  for (; isQuote(lines[to]); to++) inner.push((lines[to] ?? "").replace(/^ {0,3}> ?/, ""));
  return { block: { type: "quote", blocks: blocksOf(inner, depth) }, to };
}

interface Marker {
  /** `-`, `*`, `+`, `.` or `)`. */
  readonly kind: string;
  readonly start: number | null;
  /** Column at which the item's text begins. */
  readonly column: number;
}

function markerOf(line = ""): Marker | null {
  const match = /^( {0,3})(?:([-*+])|(\d{1,9})([.)]))( {1,4}|\t|$)/.exec(line);
  if (match === null || isRule(line)) return null;
  const [all, , bullet, digits, end, space = ""] = match;
  const column = space === "" ? all.length + 1 : all.length;
  return { kind: bullet ?? end ?? "", start: digits === undefined ? null : Number(digits), column };
}

function readList(lines: readonly string[], at: number, depth: number): Read | null {
  const first = markerOf(lines[at]);
  if (first === null) return null;
  const items: Block[][] = [];
  let to = at;
  for (;;) {
    const marker = markerOf(lines[to]);
    if (marker === null || marker.kind !== first.kind) break;
    const end = endOfItem(lines, to, marker.column);
    const inner = lines
      .slice(to, end)
      .map((line, index) => (index === 0 ? line.slice(marker.column) : withoutIndent(withTabs(line), marker.column)));
    items.push(blocksOf(inner, depth));
    to = end;
    const next = skipBlank(lines, to);
    if (next < lines.length && markerOf(lines[next])?.kind === first.kind) to = next;
  }
  return { block: { type: "list", start: first.start, items }, to };
}

/** Returns the line after an item: lines belong to it while they are indented, or continue its paragraph. */
function endOfItem(lines: readonly string[], at: number, column: number): number {
  let end = at + 1;
  while (end < lines.length) {
    const line = lines[end] ?? "";
    if (isBlank(line)) {
      const next = skipBlank(lines, end);
      if (next >= lines.length || indentOf(lines[next]) < column) break;
      end = next;
    } else if (indentOf(line) >= column || !beginsBlock(line)) end += 1;
    else break;
  }
  return end;
}

function beginsBlock(line: string): boolean {
  return beginsSimpleBlock(line) || isQuote(line) || markerOf(line) !== null;
}

function beginsSimpleBlock(line: string): boolean {
  return fenceOf(line) !== null || isRule(line) || /^ {0,3}#{1,6}(?:[ \t]|$)/.test(line);
}

/** Whether a line of a paragraph begins a list. A year with a period at the beginning of a line does not. */
function interruptsWithList(line: string): boolean {
  const marker = markerOf(line);
  return marker !== null && (marker.start ?? 1) === 1 && line.length > marker.column;
}

function readParagraph(lines: readonly string[], at: number, depth: number): Read {
  let to = at + 1;
  while (to < lines.length && !isBlank(lines[to]) && !endsParagraph(lines, to, depth)) to += 1;
  return { block: { type: "paragraph", text: lines.slice(at, to).join("\n").trim() }, to };
}

function endsParagraph(lines: readonly string[], at: number, depth: number): boolean {
  const line = lines[at] ?? "";
  if (readTable(lines, at, { isCheck: true }) !== null) return true;
  if (beginsSimpleBlock(line)) return true;
  return depth < MAX_DEPTH && (isQuote(line) || interruptsWithList(line));
}

const blocksOf = (lines: readonly string[], depth: number) => parseBlocks(lines, depth + 1).map(({ block }) => block);

const isBlank = (line = "") => line.trim() === "";

function skipBlank(lines: readonly string[], at: number): number {
  let next = at;
  while (next < lines.length && isBlank(lines[next])) next += 1;
  return next;
}

const withTabs = (line: string) =>
  line.includes("\t") ? line.replace(/^[ \t]+/, (space) => space.replaceAll("\t", TAB)) : line;

function indentOf(line = ""): number {
  const text = withTabs(line);
  return text.length - text.trimStart().length;
}

function withoutIndent(line: string, columns: number): string {
  const indent = Math.min(columns, line.length - line.trimStart().length);
  return line.slice(indent);
}
