import { ServiceError } from "../errors/service-error.js";
import type { AnswerEvent, Ask } from "../turns/ask.js";

/** Yields the events of a reply. The error for a schema that is not supported names the field that has it. */
export function nameSchemaField(
  events: AsyncGenerator<AnswerEvent, void>,
  { responseSchema }: Ask,
  param: string,
): AsyncGenerator<AnswerEvent, void> {
  return responseSchema === undefined ? events : named(events, param);
}

async function* named(events: AsyncGenerator<AnswerEvent, void>, param: string): AsyncGenerator<AnswerEvent, void> {
  for await (const event of events) {
    if (event.type !== "error" || event.error.code !== "schema-not-supported") yield event;
    else {
      const { message, reason, hint, cause } = event.error;
      const error = new ServiceError({
        code: "request-not-valid",
        apiCode: "schema_not_supported",
        param,
        status: 400,
        type: "invalid_request_error",
        message,
        reason: reason ?? undefined,
        hint: hint ?? undefined,
        cause,
      });
      yield { ...event, error };
    }
  }
}
