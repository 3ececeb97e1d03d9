import { MAX_MESSAGE_BYTES } from "./message-limits.js";
import { readMessages, type WireMessage } from "./read-messages.js";

/** An answer over HTTP with its messages as {@link readMessages} reads them; what is no message stays as it is. */
export async function tolerantResponse(response: Response, requestBody: unknown): Promise<Response> {
  const { body, status, headers } = response;
  if (body === null || status !== 200) return response;
  const asked = askedBy(requestBody);
  const type = headers.get("content-type") ?? "";
  if (/^text\/event-stream/i.test(type))
    return new Response(body.pipeThrough(tolerantEvents(asked)), { status, headers });
  // A page is no answer, whatever is in it.
  if (/^text\/html/i.test(type)) return response;
  const text = await response.text();
  const messages = readMessages(text, asked);
  if (messages.length === 0) return new Response(text, { status, headers });
  const answer = JSON.stringify(messages.length === 1 ? messages[0] : messages);
  headers.set("content-type", "application/json");
  headers.delete("content-length");
  return new Response(answer, { status, headers });
}

function askedBy(body: unknown): ReadonlyMap<string, WireMessage> {
  try {
    const message = JSON.parse(String(body)) as WireMessage;
    return new Map(message.id === undefined ? [] : [[String(message.id), message]]);
  } catch {
    return new Map();
  }
}

/** Events, the data of each in one line for each message; a batch becomes several events. */
function tolerantEvents(asked: ReadonlyMap<string, WireMessage>): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let line = "";
  let others: string[] = [];
  let data: string[] = [];
  let length = 0;
  return new TransformStream({
    transform(bytes, controller) {
      length += bytes.length;
      if (length > MAX_MESSAGE_BYTES) throw new Error(`its answer has more than ${MAX_MESSAGE_BYTES / 2 ** 20} MB`);
      // A line may end by both characters, of which the second one comes later: an empty line too many is no event.
      const lines = decoder.decode(bytes, { stream: true }).split(/\r\n|\n|\r/);
      lines[0] = line + lines[0];
      line = lines.pop() ?? "";
      for (const next of lines) {
        if (next.startsWith("data:")) data.push(next.slice(5).replace(/^ /, ""));
        else if (next !== "") others.push(next);
        else flush(controller);
      }
    },
    flush(controller) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      if (data.length > 0) flush(controller);
    },
  });

  function flush(controller: TransformStreamDefaultController<Uint8Array>): void {
    const messages = readMessages(data.join("\n"), asked);
    const texts = messages.length === 0 ? data : messages.map((message) => JSON.stringify(message));
    const fields = others.map((field) => `${field}\n`).join("");
    const events =
      messages.length === 0
        ? `${fields}${texts.map((text) => `data: ${text}\n`).join("")}\n`
        : texts.map((text) => `${fields}data: ${text}\n\n`).join("");
    controller.enqueue(encoder.encode(events));
    others = [];
    data = [];
  }
}
