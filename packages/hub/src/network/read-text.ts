import type { IncomingMessage } from "node:http";
import { HubError } from "../hub-error.js";
import { checkAddress, ResponseTimeout } from "./connection-errors.js";
import type { AddressSetting } from "./http-client.js";

/** Longest time for a text, however it trickles. */
const TEXT_MILLISECONDS = 300_000;

/**
 * Reads a body as UTF-8. Rejects with a `HubError` for more than `maxBytes`, and with the connection's error for a body
 * that ends early or pauses too long.
 */
export async function readText(
  body: IncomingMessage,
  maxBytes: number,
  { idleMilliseconds, setting }: { idleMilliseconds: number; setting: AddressSetting | null },
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const fail = () => body.destroy(new ResponseTimeout("The body pauses too long."));
  const total = setTimeout(fail, TEXT_MILLISECONDS);
  const idle = setTimeout(fail, idleMilliseconds);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      idle.refresh();
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new HubError({
          code: "hub-refused",
          message: "The answer of the server is too long.",
          reason: `It has more than ${maxBytes} bytes.`,
          hint: checkAddress(setting),
        });
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(total);
    clearTimeout(idle);
    body.destroy();
  }
  return Buffer.concat(chunks).toString("utf8");
}
