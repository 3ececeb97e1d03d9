/** Pieces of one result that are looked at. */
const MAX_PIECES = 100;
/** All texts of a result together; fewer are shown. */
const MAX_TEXT_CHARACTERS = 256 * 1024;
const MAX_ERROR_CHARACTERS = 2000;

type Raw = Record<string, unknown>;

/**
 * What a server answered to a call: the structured result where there is one, JSON where its text is JSON, else the text,
 * with a word for each piece that is no text. Throws an {@link Error} for a call that failed, and for what is no result.
 */
export function readResult(raw: unknown): unknown {
  if (!isMap(raw)) throw new Error("its answer is no result");
  const { content, structuredContent, isError } = raw;
  const text = textOf(Array.isArray(content) ? content : []);
  if (isError === true) throw new Error(text.slice(0, MAX_ERROR_CHARACTERS) || "it does not say why");
  if (isMap(structuredContent)) return structuredContent;
  if (!Array.isArray(content)) throw new Error("its answer is no result");
  return text === "" ? undefined : (parseJson(text) ?? text);
}

function textOf(content: readonly unknown[]): string {
  const texts: string[] = [];
  let room = MAX_TEXT_CHARACTERS;
  for (const piece of content.slice(0, MAX_PIECES)) {
    const text = pieceText(piece).slice(0, Math.max(0, room));
    room -= text.length;
    if (text !== "") texts.push(text);
  }
  if (content.length > MAX_PIECES) texts.push(`[… and ${content.length - MAX_PIECES} more …]`);
  return texts.join("\n");
}

function pieceText(piece: unknown): string {
  if (!isMap(piece)) return "";
  const { type, text, data, mimeType, uri, name } = piece;
  switch (type) {
    case "text":
      return typeof text === "string" ? text : "";
    case "image":
    case "audio":
      return `[${type}${brief(mimeType)}, ${sizeOf(data)}]`;
    case "resource": {
      const resource = isMap(piece.resource) ? piece.resource : {};
      if (typeof resource.text === "string") return resource.text;
      return `[file${brief(resource.uri)}, ${sizeOf(resource.blob)}]`;
    }
    case "resource_link":
      return `[link${brief(name)}${brief(uri)}]`;
    default:
      return "[something that is no text]";
  }
}

function brief(value: unknown): string {
  return typeof value === "string" && value !== "" ? ` ${value.slice(0, 200)}` : "";
}

function sizeOf(base64: unknown): string {
  return `${typeof base64 === "string" ? Math.floor((base64.length * 3) / 4) : 0} bytes`;
}

function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
