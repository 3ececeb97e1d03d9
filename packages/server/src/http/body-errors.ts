import { cutText } from "@nanoagent/models";
import { ServiceError } from "../errors/service-error.js";

const refused = (status: number, message: string, hint: string, retrySeconds: number | null = null) =>
  new ServiceError({
    code: "body-refused",
    status,
    type: status >= 500 ? "server_error" : "invalid_request_error",
    message,
    hint,
    retrySeconds,
  });

export const bodyTooLarge = (limitBytes: number) =>
  refused(413, `The body is larger than ${limitBytes} bytes.`, "Send a shorter conversation.");

export const bodyTooSlow = (milliseconds: number) =>
  refused(408, `The body did not arrive within ${milliseconds / 1000} seconds.`, "Send the request again.");

const bodyCompressed = (encoding: string) =>
  refused(
    415,
    `The body has the encoding "${encoding}". Bodies must not be compressed.`,
    "Send it without compression.",
  );

export const bodiesTooMany = () =>
  refused(503, "The service is reading too many large requests.", "Send the request again in a second.", 1);

/** For a body that was read before it came here, which an app's body parser does. */
export const bodyTaken = () =>
  refused(
    400,
    "The body of the request was already read by something in front of this service.",
    "Mount the service before body parsers, such as express.json().",
  );

export const bodyCutOff = () => refused(400, "The connection ended before the body.", "Send the request again.");

/**
 * Returns the reason to refuse a body by its headers, or null. `header` returns the value of a header by its lower-case
 * name, or null.
 */
export function refuseByHeaders(header: (name: string) => string | null, limitBytes: number): ServiceError | null {
  const encoding = header("content-encoding");
  if (encoding !== null && encoding.trim().toLowerCase() !== "identity") return bodyCompressed(shown(encoding));
  const transfer = header("transfer-encoding");
  if (transfer !== null && transfer.trim().toLowerCase() !== "chunked") return bodyCompressed(shown(transfer));
  const length = header("content-length");
  return length !== null && Number(length) > limitBytes ? bodyTooLarge(limitBytes) : null;
}

/** Keeps a header's value readable in a message. */
function shown(value: string): string {
  return cutText(value.replaceAll(/[^\w ,;=.-]/g, "?"), MAX_SHOWN_CHARACTERS);
}

const MAX_SHOWN_CHARACTERS = 40;
