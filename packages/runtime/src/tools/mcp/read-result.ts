import { cutText } from "@nanoagent/models";
import { addRemark, readExactJson } from "../../json/exact-json.js";
import { toolResultText } from "../tool-result-text.js";
import { saidIn } from "./said-in.js";

/** Pieces of one result that are looked at. */
const MAX_PIECES = 100;
/** All texts of a result together; fewer are shown. */
const MAX_TEXT_CHARACTERS = 256 * 1024;
const MAX_ERROR_CHARACTERS = 2000;
const MAX_BRIEF_CHARACTERS = 200;
/** Characters of base64 from which on a run of them is data and not a word, a key or a path. */
const MIN_BINARY_CHARACTERS = 200;

type Raw = Record<string, unknown>;

/**
 * What a server answered to a call: the structured result where there is one, JSON where its text is JSON, else the text,
 * with a word for each piece that is no text. A text that says more than the structured result is shown before it. Throws
 * an {@link Error} for a call that failed, and for what is no result.
 */
export function readResult(raw: unknown): unknown {
  if (!isMap(raw)) throw new Error("its answer is no result");
  const { content, structuredContent, isError, is_error, toolResult } = raw;
  const pieces = Array.isArray(content) ? content : content === undefined || content === null ? [] : [content];
  const texts = textsOf(pieces);
  const structured = structuredText(structuredContent ?? toolResult);
  // An empty object beside a text is what some frameworks add.
  const data = structured === "{}" && texts.length > 0 ? "" : structured;
  const isSaid = data === "" ? () => false : saidIn(data, texts);
  const remark = withoutBinary(texts.filter((text) => !isSaid(text)).join("\n"));
  const isContent = content !== undefined && (pieces.length === 0 || pieces.some(isPiece));
  if (isTrue(isError ?? is_error)) {
    const why = [remark, withoutBinary(data)].filter((part) => part !== "").join("\n");
    throw new Error(cutText(why, MAX_ERROR_CHARACTERS) || "it does not say why");
  }
  if (structured === "" && !isContent) throw new Error("its answer is no result");
  if (data === "") return remark === "" ? undefined : dataOf(remark);
  const value = dataOf(withoutBinary(data));
  if (remark === "") return value;
  if (typeof value !== "object" || value === null) return `${remark}\n${value}`;
  addRemark(value, remark);
  return value;
}

/** The value of JSON of an object or a list, as far as it can be held; any other text as it is. */
function dataOf(text: string): unknown {
  const json = /^\s*[[{]/.test(text) ? readExactJson(text) : undefined;
  return json?.value ?? json?.text ?? text;
}

/** The JSON text of structured content, which transports keep as the text that it was. */
function structuredText(structured: unknown): string {
  if (structured === undefined || structured === null || structured === "null") return "";
  return typeof structured === "string" ? structured : JSON.stringify(structured);
}

/** The texts that are meant for a model; those for people alone where there are no others. */
function textsOf(content: readonly unknown[]): string[] {
  const forModel = content.filter((piece) => isFor(piece, "assistant"));
  const shown = forModel.length > 0 ? forModel : content;
  const texts: string[] = [];
  let room = MAX_TEXT_CHARACTERS;
  for (const piece of shown.slice(0, MAX_PIECES)) {
    const text = cutText(pieceText(piece), room);
    room -= text.length;
    if (text !== "") texts.push(text);
  }
  if (shown.length > MAX_PIECES) texts.push(`[… and ${shown.length - MAX_PIECES} more …]`);
  return texts;
}

/** Whether a flag is set, in any form that servers write it in. */
function isTrue(flag: unknown): boolean {
  if (typeof flag === "string") return !/^\s*(?:false|0|no|off|null|none)?\s*$/i.test(flag);
  return Boolean(flag);
}

function isPiece(piece: unknown): boolean {
  return isMap(piece) || typeof piece === "string";
}

function isFor(piece: unknown, reader: string): boolean {
  const audience = isMap(piece) && isMap(piece.annotations) ? piece.annotations.audience : undefined;
  return !Array.isArray(audience) || audience.length === 0 || audience.includes(reader);
}

function pieceText(piece: unknown): string {
  if (typeof piece === "string") return piece;
  if (!isMap(piece)) return `[not a piece of content: ${toolResultText(piece ?? "null", MAX_BRIEF_CHARACTERS)}]`;
  const { type, text, data, mimeType, uri, name } = piece;
  switch (type) {
    case "text":
      return text === undefined || text === null ? "" : toolResultText(text, MAX_TEXT_CHARACTERS);
    case "image":
    case "audio":
      return `[${type}${brief(mimeType)}, ${sizeOf(data)}]`;
    case "resource": {
      const resource = isMap(piece.resource) ? piece.resource : {};
      if (typeof resource.text === "string") return resource.text;
      return `[file${brief(resource.uri)}${brief(resource.mimeType)}, ${sizeOf(resource.blob)}]`;
    }
    case "resource_link":
      return `[link${brief(name)}${brief(uri)}]`;
    default:
      return typeof text === "string"
        ? text
        : `[content of the unknown type ${toolResultText(type ?? "null", MAX_BRIEF_CHARACTERS)}]`;
  }
}

/** The text with a word in place of each run of base64, wherever it stands. */
function withoutBinary(text: string): string {
  return text.replace(
    /(?:data:([\w.+/-]{1,100});base64,)?([A-Za-z0-9+/_-]{32,}={0,2})/g,
    (found, type, data: string) => {
      const isWord = data.length < MIN_BINARY_CHARACTERS || !/[a-z]/.test(data) || !/[A-Z]/.test(data);
      if (type === undefined && isWord) return found;
      return `[${type === undefined ? "data" : brief(type).trim()}, ${sizeOf(data)}]`;
    },
  );
}

function brief(value: unknown): string {
  return typeof value === "string" && value !== "" ? ` ${cutText(value, MAX_BRIEF_CHARACTERS)}` : "";
}

function sizeOf(base64: unknown): string {
  return `${typeof base64 === "string" ? Math.floor((base64.replace(/=+$/, "").length * 3) / 4) : 0} bytes`;
}

function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
