// An MCP server over stdio that misbehaves in the way given by its argument.
import { createInterface } from "node:readline";

const way = process.argv[2];
const raw = (text) => process.stdout.write(text);
const send = (message) => raw(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const text = (value) => ({ content: [{ type: "text", text: value }] });

const answers = {
  deep: (id) =>
    raw(
      `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"x"}],"structuredContent":${'{"a":'.repeat(2000)}1${"}".repeat(2000)}}}\n`,
    ),
  "deep-text": (id) => send({ id, result: text(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) }),
  long: (id) => send({ id, result: text("x".repeat(2 ** 22)) }),
  endless: () => setInterval(() => raw("x".repeat(65_536)), 1),
  silent: () => {},
  garbage: (id) => {
    raw("this is not JSON\n{]\n\u0000\n");
    send({ id, result: text("said") });
  },
  crash: () => process.kill(process.pid, "SIGKILL"),
  "wrong-id": () => send({ id: "other", result: text("said") }),
  "no-content": (id) => send({ id, result: {} }),
  "null-content": (id) => send({ id, result: { content: null } }),
  half: (id) => raw(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"\\ud800 half"}]}}\n`),
  error: (id) => send({ id, error: { code: -32_000, message: "It does not work." } }),
  image: (id) =>
    send({ id, result: { content: [{ type: "image", data: "AAAA".repeat(20_000), mimeType: "image/png" }] } }),
  memory: (id) => {
    const held = [];
    for (let megabytes = 0; megabytes < 600; megabytes++) held.push(Buffer.alloc(2 ** 20, 1));
    send({ id, result: text(`held ${held.length}`) });
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") {
    const serverInfo = { name: "misbehaving", version: "1" };
    send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === "tools/list")
    send({ id, result: { tools: [{ name: "act", inputSchema: { type: "object" } }] } });
  else if (method === "tools/call") answers[way](id);
});
process.stdin.on("end", () => process.exit(0));
