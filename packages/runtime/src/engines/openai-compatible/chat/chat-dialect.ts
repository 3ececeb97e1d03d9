import type { EngineRequest } from "../../engine.js";
import type { RemoteServer } from "../server/remote-server.js";
import type { ReplyPart } from "./reply-part.js";

/** How a server is asked for a reply, and how it sends one. */
export interface ChatDialect {
  path: string;
  /** Of the stream that carries the reply. */
  contentType: string;
  body(request: EngineRequest): object;
  /** A reader for one reply. */
  open(): ReplyReader;
}

/** Takes a stream's bytes apart. Throws {@link LineTooLong} and {@link NoSuchReply}. */
export interface ReplyReader {
  push(bytes: Buffer): Iterable<ReplyPart>;
  /** What the end of the stream completes. */
  end(): Iterable<ReplyPart>;
}

/** A reply is not what this API sends, or is none; the message goes on after "The server at …". */
export class NoSuchReply extends Error {
  constructor(
    message: string,
    readonly code: "remote-protocol" | "remote-failed" | "remote-refused" = "remote-protocol",
  ) {
    super(message);
  }
}

/** A piece of a reply is a few hundred bytes; a tool call that comes as a whole may be a few hundred thousand. */
export const MAX_PIECE_BYTES = 2 ** 20;

/** Half a character, which JSON can carry but most servers refuse, becomes the replacement character. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\uFFFD");
}

/** The tools of a request as both APIs take them; nothing where there are none, or where the server refuses them. */
export function toolsOf({ tools = [] }: EngineRequest, { abilities }: RemoteServer): { tools?: object[] } {
  if (tools.length === 0 || abilities.tools === false) return {};
  return {
    tools: tools.map(({ name, description, inputSchema }) => ({
      type: "function",
      function: { name, description, parameters: inputSchema },
    })),
  };
}
