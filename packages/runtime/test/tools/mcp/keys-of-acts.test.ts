import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ToolSet } from "../../../src/tools/tool-set.js";
import { opened } from "./open-servers.js";

const inputSchema = { type: "object" };
const answer = (result: unknown) => `{"jsonrpc":"2.0","id":$ID,"result":${JSON.stringify(result)}}\n`;
const tools = [
  { name: "set", inputSchema, annotations: { idempotentHint: true } },
  { name: "add", inputSchema, annotations: { idempotentHint: "yes" } },
  { name: "own", inputSchema, annotations: null },
];
const odd = {
  answers: {
    "tools/list": answer({ tools }),
    "tools/call": answer({ content: [{ type: "text", text: "$META" }] }),
  },
};
const command = [process.execPath, fileURLToPath(new URL("odd-server.mjs", import.meta.url)), JSON.stringify(odd)];

test("a server hears the key of an act and its trigger, and its hint says what it makes of them", async () => {
  const settings = { command, permission: "always" as const, tools: { set: {}, add: {}, own: { idempotent: true } } };
  await using servers = await opened({ odd: settings });
  const found = servers.servers.servers.flatMap((server) => server.tools);
  expect(found.map(({ name, idempotent }) => [name, idempotent])).toEqual([
    ["odd_set", true],
    ["odd_add", false],
    ["odd_own", true],
  ]);
  const set = await ToolSet.open(found);
  const call = { id: "1", name: "odd_set", arguments: {} };
  const outcome = await set.call(call, { idempotencyKey: "e1.do", trigger: "dry-bed" });
  const meta = { "nanoagent/idempotency-key": "e1.do", "nanoagent/trigger": "dry-bed" };
  expect(JSON.parse(outcome.content)).toEqual(meta);
  const byHand = await set.call(call, { idempotencyKey: "k2" });
  expect(JSON.parse(byHand.content)).toEqual({ "nanoagent/idempotency-key": "k2" });
});
