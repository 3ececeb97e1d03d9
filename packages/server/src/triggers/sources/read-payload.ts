import { readPlainJson } from "@nanoagent/runtime/node";

/**
 * Reads the bytes of a message: as JSON, a number among it, otherwise as text, and as `{base64}` where they are not
 * UTF-8. A number that JavaScript would change stays text.
 */
export function readPayload(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { base64: toBase64(bytes) };
  }
  const value = readPlainJson(text);
  return value === undefined ? text : value;
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
