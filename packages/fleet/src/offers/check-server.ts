import { BrokenTransfer } from "./broken-transfer.js";
import { fetchError } from "./fetch-error.js";
import { requestRange } from "./request-range.js";

/** Longest time until the server answers. Devices wait longer. */
const ANSWER_MILLISECONDS = 10_000;
/** Answers that stay the same, whoever asks: the file is not there. */
const missing: ReadonlySet<number> = new Set([404, 410]);

/**
 * Asks a server whether it has the file of a bundle, as the agents will. Returns null, or one or two sentences if that is
 * not known from here. Throws `FleetError` (`bundle-unreadable`) if it has no file there, or one of another size.
 */
export async function checkServer(
  url: string,
  totalBytes: number,
  signal: AbortSignal,
  timeoutMilliseconds = ANSWER_MILLISECONDS,
): Promise<string | null> {
  const { host } = new URL(url);
  try {
    const response = await requestRange({ url, from: 0, tag: null, signal, timeoutMilliseconds });
    response.destroy();
    const { statusCode: status = 0, headers } = response;
    if (missing.has(status))
      throw fetchError(host, `The server answers with ${status}.`, "Upload the bundle there, or correct --url.");
    if (status !== 200) return `${host} answers with ${status}.`;
    const length = headers["content-length"];
    if (length === undefined || Number(length) === totalBytes) return null;
    const reason = `The file there has ${length} bytes, and the bundle has ${totalBytes}.`;
    throw fetchError(host, reason, "Upload this bundle there, or correct --url.");
  } catch (error) {
    if (error instanceof BrokenTransfer) return `${host} cannot be reached from here. ${error.message}`;
    throw error;
  }
}
