import { jsonTokens } from "../../json/json-tokens.js";

/** The parts of a JSON-RPC message that a transport uses. */
export interface WireMessage {
  id?: string | number;
  method?: string;
}

/** Open requests by id as text. */
export type AskedRequests = ReadonlyMap<string, WireMessage>;

type Raw = Record<string, unknown>;

/** Code for an error without a code. */
const INTERNAL_ERROR = -32603;

/**
 * Reads a message or a batch of messages from a server's text. Returns an empty list for other text. Tolerates a byte
 * order mark, NUL characters, a missing version, ids as texts, unknown keys, and an incomplete handshake. Structured
 * content is kept as its original text.
 */
export function readMessages(text: string, asked: AskedRequests, { takesErrorsWithoutId = true } = {}): WireMessage[] {
  const source = text.replace(/^[\ufeff\0\s]+|[\0\s]+$/g, "");
  if (!/^[[{]/.test(source)) return [];
  try {
    let value: unknown = JSON.parse(source);
    if (source.includes('"structuredContent"')) value = JSON.parse(quoteStructuredContent(source));
    return (Array.isArray(value) ? value : [value]).flatMap((raw) => messageOf(raw, asked, takesErrorsWithoutId) ?? []);
  } catch {
    return [];
  }
}

function messageOf(raw: unknown, asked: AskedRequests, takesErrorsWithoutId: boolean): WireMessage | null {
  if (!isMap(raw)) return null;
  const { id, method, params, result, error } = raw;
  const hasId = typeof id === "string" || typeof id === "number";
  if (typeof method === "string") {
    return { jsonrpc: "2.0", method, ...(isMap(params) && { params }), ...(hasId && { id }) } as WireMessage;
  }
  // An error about an unreadable request has no id. It belongs to the only open request.
  const [only] = takesErrorsWithoutId && asked.size === 1 ? asked.values() : [];
  const request = hasId ? asked.get(String(id)) : error === undefined || error === null ? undefined : only;
  const ownId = request?.id ?? id;
  if (typeof ownId !== "string" && typeof ownId !== "number") return null;
  if (error !== undefined && error !== null) return { jsonrpc: "2.0", id: ownId, error: errorOf(error) } as WireMessage;
  if (!isMap(result)) return null;
  return {
    jsonrpc: "2.0",
    id: ownId,
    result: request?.method === "initialize" ? greetingOf(result, request) : result,
  } as WireMessage;
}

function errorOf(error: unknown): { code: number; message: string } {
  const { code, message } = isMap(error) ? error : { code: undefined, message: error };
  const said = typeof message === "string" ? message : JSON.stringify(isMap(error) ? error : message);
  return { code: Number.isInteger(code) ? (code as number) : INTERNAL_ERROR, message: said ?? "" };
}

/** Completes a handshake as required by the protocol. Every dated version has the requests that are used here. */
function greetingOf(result: Raw, request: WireMessage): Raw {
  const { protocolVersion, capabilities, serverInfo } = result;
  if (![protocolVersion, capabilities, serverInfo].some(Boolean)) return result;
  const isDated = protocolVersion === undefined || /^\d{4}-\d\d-\d\d$/.test(String(protocolVersion));
  const { protocolVersion: wanted } = ((request as Raw).params ?? {}) as Raw;
  const { name, version } = isMap(serverInfo) ? serverInfo : ({} as Raw);
  return {
    protocolVersion: isDated ? wanted : protocolVersion,
    capabilities: { ...(isMap(capabilities) && isMap(capabilities.tools) ? { tools: capabilities.tools } : {}) },
    serverInfo: { name: String(name ?? "unknown"), version: String(version ?? "unknown") },
  };
}

/** Quotes `result.structuredContent` in the text of a message, so that its numbers and order are kept. */
function quoteStructuredContent(source: string): string {
  const keys: string[] = [];
  let level = 0;
  let key = "";
  let begin = -1;
  let copied = 0;
  let quoted = "";
  for (const { kind, start, end } of jsonTokens(source)) {
    const token = source.slice(start, end);
    if (begin >= 0 && level === 2 && (token === "," || token === "}")) {
      quoted += source.slice(copied, begin) + JSON.stringify(source.slice(begin, start));
      copied = start;
      begin = -1;
    }
    if (token === "{" || token === "[") {
      // A list around everything is a batch.
      if (level > 0 || token === "{") keys.push(key);
      level = keys.length;
      key = "";
    } else if (token === "}" || token === "]") {
      keys.pop();
      level = keys.length;
    } else if (kind === "string" && level <= 2) key = token;
    else if (token === ":" && level === 2 && keys[1] === '"result"' && key === '"structuredContent"') begin = end;
  }
  return quoted + source.slice(copied);
}

function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
