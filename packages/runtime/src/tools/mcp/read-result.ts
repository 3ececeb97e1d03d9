import { readExactJson } from "../../json/exact-json.js";

/** Pieces of one result that are looked at. */
const MAX_PIECES = 100;
/** All texts of a result together; fewer are shown. */
const MAX_TEXT_CHARACTERS = 256 * 1024;
const MAX_ERROR_CHARACTERS = 2000;
/** Characters of base64 from which on a run of them is data and not a word, a key or a path. */
const MIN_BINARY_CHARACTERS = 200;

type Raw = Record<string, unknown>;

/**
 * What a server answered to a call: the structured result where there is one, JSON where its text is JSON, else the text,
 * with a word for each piece that is no text. Throws an {@link Error} for a call that failed, and for what is no result.
 */
export function readResult(raw: unknown): unknown {
  if (!isMap(raw)) throw new Error("its answer is no result");
  const { content, structuredContent, isError, toolResult } = raw;
  const pieces = Array.isArray(content) ? content : content === undefined || content === null ? [] : [content];
  const text = textOf(pieces);
  const structured = structuredText(structuredContent ?? toolResult);
  if (isError === true) throw new Error((text || structured).slice(0, MAX_ERROR_CHARACTERS) || "it does not say why");
  // An empty object beside a text is what some frameworks add.
  const said = structured === "" || (structured === "{}" && text !== "") ? text : structured;
  const isContent = content !== undefined && pieces.every((piece) => isMap(piece) || typeof piece === "string");
  if (structured === "" && !isContent) throw new Error("its answer is no result");
  if (said === "") return undefined;
  const json = /^\s*[[{]/.test(said) ? readExactJson(said) : undefined;
  const shown = withoutBinary(json?.text ?? said);
  return shown === json?.text ? (json.value ?? shown) : (readExactJson(shown)?.value ?? shown);
}

/** The JSON text of structured content, which transports keep as the text that it was. */
function structuredText(structured: unknown): string {
  if (structured === undefined || structured === null || structured === "null") return "";
  return typeof structured === "string" ? structured : JSON.stringify(structured);
}

/** The texts that are meant for a model, in a line each; those for people alone where there are no others. */
function textOf(content: readonly unknown[]): string {
  const forModel = content.filter((piece) => isFor(piece, "assistant"));
  const shown = forModel.length > 0 ? forModel : content;
  const texts: string[] = [];
  let room = MAX_TEXT_CHARACTERS;
  for (const piece of shown.slice(0, MAX_PIECES)) {
    const text = pieceText(piece).slice(0, Math.max(0, room));
    room -= text.length;
    if (text !== "") texts.push(text);
  }
  if (shown.length > MAX_PIECES) texts.push(`[… and ${shown.length - MAX_PIECES} more …]`);
  return texts.join("\n");
}

function isFor(piece: unknown, reader: string): boolean {
  const audience = isMap(piece) && isMap(piece.annotations) ? piece.annotations.audience : undefined;
  return !Array.isArray(audience) || audience.length === 0 || audience.includes(reader);
}

function pieceText(piece: unknown): string {
  if (typeof piece === "string") return piece;
  if (!isMap(piece)) return "";
  const { type, text, data, mimeType, uri, name } = piece;
  switch (type) {
    case "text":
      return typeof text === "string" ? text : text === undefined || text === null ? "" : JSON.stringify(text);
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
      return typeof text === "string" ? text : "[something that is no text]";
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
  return typeof value === "string" && value !== "" ? ` ${value.slice(0, 200)}` : "";
}

function sizeOf(base64: unknown): string {
  return `${typeof base64 === "string" ? Math.floor((base64.replace(/=+$/, "").length * 3) / 4) : 0} bytes`;
}

function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
