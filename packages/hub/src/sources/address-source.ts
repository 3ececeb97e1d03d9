import { HubError } from "../hub-error.js";
import type { AddressName } from "../names/model-name.js";
import { addressFileName } from "../names/plain-address.js";
import { quantizationLabel } from "../names/quantization-label.js";
import type { HttpResponse } from "../network/http-client.js";
import { refusalOf } from "../network/hub-errors.js";
import { asBytes } from "./read-json.js";
import type { RemoteRepository } from "./remote-model.js";
import type { SourceContext } from "./source-context.js";

/** Smallest size of a GGUF file: its first fields. */
const MIN_GGUF_BYTES = 24;

/**
 * Describes the file at a plain address. Sends one request for its first byte, which servers answer that do not know
 * HEAD or allow it for signed addresses.
 *
 * Throws a `HubError`: `invalid-model-name` for an address without a file's name, `repository-not-found`,
 * `model-not-gguf` for a page or an empty file, `hub-refused`, and those of the client.
 */
export async function openAddress(name: AddressName, { client, signal }: SourceContext): Promise<RemoteRepository> {
  const path = addressFileName(name.url);
  const { host } = new URL(name.url);
  if (path === null) {
    throw new HubError({
      code: "invalid-model-name",
      message: `The address at ${host} does not name a GGUF file.`,
      reason: "Its path does not end in .gguf.",
      hint: "Write the address of the file itself, such as https://example.org/model.gguf.",
    });
  }
  const response = await client.request({ url: name.url, signal, headers: { range: "bytes=0-0" } });
  response.body.destroy();
  if (response.status !== 200 && response.status !== 206 && response.status !== 416) throw refusalOf(response, path);
  const type = response.headers["content-type"] ?? "";
  const bytes = sizeOf(response);
  if (response.status !== 416 && /^(?:text\/html|application\/xhtml)/i.test(type)) {
    throw notModel(path, host, "The server sent a page instead of the file, such as a page for signing in.");
  }
  if (bytes !== null && bytes < MIN_GGUF_BYTES) throw notModel(path, host, `The file has only ${bytes} bytes.`);
  return {
    source: "address",
    repository: null,
    reference: null,
    revision: null,
    license: null,
    licenseFiles: [],
    models: [
      { quantization: quantizationLabel(path), files: [{ path, bytes, sha256: null, gitSha1: null, url: name.url }] },
    ],
    notices: [
      `${host} publishes no hash of ${path}: its contents cannot be verified, and the hash of the received file is recorded.`,
    ],
  };
}

/** Returns the size of the whole file; null if the server does not say it. */
function sizeOf({ status, headers }: HttpResponse): number | null {
  if (status !== 200) {
    const total = /^bytes (?:\d+-\d+|\*)\/(\d+)$/i.exec(headers["content-range"]?.trim() ?? "")?.[1];
    return total === undefined ? null : asBytes(Number(total));
  }
  const isEncoded = (headers["content-encoding"] ?? "identity") !== "identity";
  const length = headers["content-length"];
  return isEncoded || length === undefined || !/^\d+$/.test(length) ? null : asBytes(Number(length));
}

function notModel(path: string, host: string, reason: string): HubError {
  return new HubError({
    code: "model-not-gguf",
    message: `${host} has no GGUF model at the address of ${path}.`,
    reason,
    hint: "Open the address in a browser, and copy the address of the download itself.",
  });
}
