import { ServiceError } from "../errors/service-error.js";
import type { Route } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";
import type { HookDoor } from "../triggers/triggers.js";

/** `POST /hooks/NAME`: an event of a trigger. It has its own secret instead of a key of the service. */
export function hookRoute(findHook: (name: string) => HookDoor | null): Route {
  return {
    method: "POST",
    path: "/hooks/:name",
    isOpen: true,
    async handle(request, { name = "" }) {
      const door = findHook(name);
      if (door === null) throw unknownHook();
      const body = await request.body(door.maxBytes).catch((error: unknown) => {
        throw error instanceof ServiceError && error.status === 413 ? requestTooLarge(door.maxBytes) : error;
      });
      const reply = await door.receive({ header: (header) => request.header(header), body });
      const { retryAfterSeconds } = reply;
      const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
      return jsonReply(reply.body, { status: reply.status, headers });
    },
  };
}

function requestTooLarge(maxBytes: number): ServiceError {
  return new ServiceError({
    code: "body-refused",
    message: `The body is larger than ${maxBytes} bytes.`,
    hint: `Send less than ${maxBytes / 1024} KB.`,
    status: 413,
    type: "invalid_request_error",
  });
}

function unknownHook(): ServiceError {
  return new ServiceError({
    code: "hook-unknown",
    message: "No trigger takes requests at this address.",
    hint: 'Compare it with the names of the triggers that have "when: {http: …}".',
    status: 404,
    type: "not_found_error",
  });
}
