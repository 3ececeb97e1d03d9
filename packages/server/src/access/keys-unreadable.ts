import { ServiceError } from "../errors/service-error.js";

/** Error for keys that cannot be used. Its texts never contain a key. */
export function keysUnreadable(message: string, hint: string, cause?: unknown): ServiceError {
  return new ServiceError({ code: "keys-unreadable", status: 500, type: "server_error", message, hint, cause });
}
