import { ServiceError } from "../errors/service-error.js";
import type { Route } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";
import type { PermissionDesk } from "./permission-desk.js";

/** `GET /permissions` lists the questions that wait; `POST /permissions/ID {"allow": true}` answers one. */
export function permissionRoutes(desk: PermissionDesk): Route[] {
  return [
    { method: "GET", path: "/permissions", handle: () => jsonReply({ questions: desk.waiting }) },
    {
      method: "POST",
      path: "/permissions/:id",
      async handle(request, { id = "" }) {
        const body = (await request.json()) as { allow?: unknown } | null;
        const allow = body?.allow;
        if (typeof allow !== "boolean") {
          throw ServiceError.invalid("allow", "The answer must be true or false.", 'Send {"allow": true} to allow it.');
        }
        if (!desk.answer(id, allow)) throw questionUnknown();
        return jsonReply({ id, allow });
      },
    },
  ];
}

function questionUnknown(): ServiceError {
  return new ServiceError({
    code: "permission-unknown",
    status: 404,
    type: "not_found_error",
    message: "No question with this id waits for an answer.",
    hint: "It was answered already, or its time is over. GET /permissions lists the questions that wait.",
  });
}
