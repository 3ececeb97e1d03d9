import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest, Route, RouteHandler } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";
import { type Fields, fieldOf, readBody, readText, wrongType } from "../requests/request-fields.js";
import type { OperatedAgent } from "../service/served-agent.js";
import type { PageDesk } from "./page-desk.js";
import { isTurnId } from "./turn-id.js";

/** Longest message that the page sends, in bytes. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * Returns the routes of the page for people. Its parts are loaded when it is first opened. `greeting` answers clients that
 * ask for `/` and are not browsers.
 */
export function pageRoutes(operated: OperatedAgent, greeting: RouteHandler): Route[] {
  let opening: Promise<PageDesk> | null = null;
  const openDesk = () => {
    opening ??= import("./page-desk.js").then(({ PageDesk }) => new PageDesk(operated));
    return opening;
  };
  return [
    {
      method: "GET",
      path: "/",
      isOpen: true,
      isPublic: true,
      async handle(request, parameters) {
        if (acceptsHtml(request.header("accept") ?? "")) return file(request, "html");
        const reply = await greeting(request, parameters);
        return { ...reply, headers: { ...reply.headers, vary: "accept" } };
      },
    },
    {
      method: "GET",
      path: "/page/page.js",
      isOpen: true,
      isPublic: true,
      handle: (request) => file(request, "script"),
    },
    {
      method: "GET",
      path: "/page/page.css",
      isOpen: true,
      isPublic: true,
      handle: (request) => file(request, "style"),
    },
    { method: "GET", path: "/page/icon.svg", isOpen: true, isPublic: true, handle: (request) => file(request, "icon") },
    { method: "GET", path: "/page/events", handle: async (request) => (await openDesk()).openStream(request) },
    {
      method: "POST",
      path: "/page/messages",
      async handle(request) {
        // A message that is sent once more is answered also if there is no place for another one.
        const body = readBody(await request.json());
        const message = readMessage(readText(body, "message"));
        const given = readText(body, "conversation") ?? null;
        const { id, turn } = await (await openDesk()).conversations.send(given, message, readTurnId(body));
        return jsonReply({ conversation: id, turn }, { status: 202 });
      },
    },
    {
      method: "POST",
      path: "/page/stop",
      async handle(request) {
        const body = readBody(await request.json());
        const id = readText(body, "conversation");
        if (id === undefined) throw wrongType("conversation", "a text", fieldOf(body, "conversation"));
        const stopped = await (await openDesk()).conversations.stop(id);
        return jsonReply({ conversation: id, stopped });
      },
    },
    {
      method: "DELETE",
      path: "/page/conversations/:id",
      async handle(_request, { id = "" }) {
        await (await openDesk()).conversations.remove(id);
        return jsonReply({ conversation: id });
      },
    },
  ];
}

async function file(request: HttpRequest, name: "html" | "script" | "style" | "icon") {
  const { replyWithFile } = await import("./page-files-reply.js");
  return replyWithFile(request, name);
}

/** Whether a client asks for a page, as browsers do. */
function acceptsHtml(accept: string): boolean {
  return accept.split(",").some((entry) => {
    const [type, ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    return type === "text/html" && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/** Returns the id that a browser gave to the turn, so that a message that it sends again is answered once. */
function readTurnId(body: Fields): string | undefined {
  const id = readText(body, "id");
  if (id === undefined || isTurnId(id)) return id;
  throw wrongType("id", "a UUID in lower case", id);
}

function readMessage(message: string | undefined): string {
  if (message === undefined || message.trim() === "") {
    throw ServiceError.invalid("message", "The message is empty.", 'Send { "message": "…" }.');
  }
  const bytes = new TextEncoder().encode(message).byteLength;
  if (bytes <= MAX_MESSAGE_BYTES) return message;
  throw new ServiceError({
    code: "body-refused",
    status: 413,
    type: "invalid_request_error",
    param: "message",
    message: `The message is longer than ${MAX_MESSAGE_BYTES} bytes.`,
    hint: "Send a shorter message.",
  });
}
