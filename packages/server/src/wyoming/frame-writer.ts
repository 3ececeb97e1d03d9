/** Version of the protocol that the lines name. Readers do not check it. */
const PROTOCOL_VERSION = "1.9.0";

/** Returns the bytes of an event: its line, and its data in a block of their own. */
export function writeFrame(type: string, data: object = {}): Uint8Array {
  const block = new TextEncoder().encode(JSON.stringify(data));
  const isEmpty = Object.keys(data).length === 0;
  const line = { type, version: PROTOCOL_VERSION, ...(!isEmpty && { data_length: block.length }) };
  const head = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  if (isEmpty) return head;
  const frame = new Uint8Array(head.length + block.length);
  frame.set(head);
  frame.set(block, head.length);
  return frame;
}
