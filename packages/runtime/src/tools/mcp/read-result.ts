import { cutText } from "@nanoagent/models";
import { addRemark, readExactJson } from "../../json/exact-json.js";
import { InterruptedToolError } from "../interrupted-tool-error.js";
import { toolResultText } from "../tool-result-text.js";
import { saidIn } from "./said-in.js";

/** Most pieces of a result that are read. */
const MAX_PIECES = 100;
/** Most characters of all texts of a result. Fewer are shown. */
const MAX_TEXT_CHARACTERS = 256 * 1024;
const MAX_ERROR_CHARACTERS = 2000;
const MAX_BRIEF_CHARACTERS = 200;
/** Shortest run of base64 characters that is data rather than a word, key or path. */
const MIN_BINARY_CHARACTERS = 200;

type Raw = Record<string, unknown>;

/**
 * Returns the result of a call: structured content where available, JSON where the text is JSON, otherwise the text,
 * with a placeholder for each piece that is not text. Text that adds to the structured content is shown before it.
 * Throws an {@link Error} for a failed call, and an {@link InterruptedToolError} for an invalid result.
 */
export function readResult(raw: unknown): unknown {
  if (!isMap(raw)) throw new InterruptedToolError("its answer is not a valid result");
  const { content, structuredContent, isError, is_error, toolResult } = raw;
  const pieces = Array.isArray(content) ? content : content === undefined || content === null ? [] : [content];
  const texts = textsOf(pieces);
  const structured = structuredText(structuredContent ?? toolResult);
  // Some frameworks add an empty object to a text.
  const data = structured === "{}" && texts.length > 0 ? "" : structured;
  const isSaid = data === "" ? () => false : saidIn(data, texts);
  const remark = withoutBinary(texts.filter((text) => !isSaid(text)).join("\n"));
  const isContent = content !== undefined && (pieces.length === 0 || pieces.some(isPiece));
  if (isTrue(isError ?? is_error)) {
    const why = [remark, withoutBinary(data)].filter((part) => part !== "").join("\n");
    throw new Error(cutText(why, MAX_ERROR_CHARACTERS) || "it does not say why");
  }
  if (structured === "" && !isContent) throw new InterruptedToolError("its answer is not a valid result");
  if (data === "") return remark === "" ? undefined : dataOf(remark);
  const value = dataOf(withoutBinary(data));
  if (remark === "") return value;
  if (typeof value !== "object" || value === null) return `${remark}\n${value}`;
  addRemark(value, remark);
  return value;
}

/** Returns the value of a JSON object or list where it can be represented, otherwise the text. */
function dataOf(text: string): unknown {
  const json = /^\s*[[{]/.test(text) ? readExactJson(text) : undefined;
  return json?.value ?? json?.text ?? text;
}

/** Returns the JSON text of structured content, which transports keep as its original text. */
function structuredText(structured: unknown): string {
  if (structured === undefined || structured === null || structured === "null") return "";
  return typeof structured === "string" ? structured : JSON.stringify(structured);
}

/** Returns the texts for the model, or those for people only where there are no others. */
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

/** Whether a flag is set, in any notation that servers use. */
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

/** Replaces each run of base64 by a placeholder. */
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
