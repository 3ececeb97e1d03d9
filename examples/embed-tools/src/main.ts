import assert from "node:assert/strict";
import path from "node:path";
import { DeviceProfiler } from "@nanoagent/profiler";
import { defineTool, NanoRuntime } from "@nanoagent/runtime";
import * as z from "zod";

// State of the app: two doors.
const doors: Record<"front" | "back", "open" | "closed"> = { front: "closed", back: "closed" };
const Door = z.object({ door: z.enum(["front", "back"]) });

// The agent gets at them by tools. Their input is a schema: what arrives in `run` has its type, whoever calls.
const readDoor = defineTool({
  name: "read_door",
  description: "Says whether a door is open or closed.",
  input: Door,
  changesWorld: false,
  run: ({ door }) => ({ state: doors[door] }),
});
const openDoor = defineTool({
  name: "open_door",
  description: "Opens a door.",
  input: Door,
  run({ door }) {
    doors[door] = "open";
    return { state: doors[door] };
  },
});

// Tools that change the world need permission. A real app would show a dialog.
const asked: unknown[] = [];
const runtime = new NanoRuntime({
  tools: [readDoor, openDoor],
  onPermission({ tool, arguments: given }) {
    asked.push([tool, given]);
    return Door.parse(given).door === "front";
  },
});
await runtime.load({
  spec: { name: "porter", max_memory_mb: 64 },
  device: await new DeviceProfiler().profile(),
  intents: {
    slots: { door: ["front", "back"] },
    definitions: [
      { name: "look", sentences: ["is the {door} door open"], tool: "read_door", answer: "It is {result.state}." },
      { name: "open", sentences: ["[please] open the {door} door"], tool: "open_door", failure: "No: {error}" },
    ],
  },
});

const look = await runtime.process("Is the front door open?");
console.log(look.content);
assert.equal(look.content, "It is closed.");

// Every step can be seen: what is called, with what, and what comes of it.
for await (const event of runtime.stream("please open the front door")) {
  if (event.type === "tool-call") console.log(event.name, event.arguments);
  if (event.type === "tool-result") console.log(event.content);
  if (event.type === "error") throw event.error;
}
assert.equal(doors.front, "open");

const refused = await runtime.process("open the back door");
console.log(refused.content);
assert.equal(refused.content, "No: The tool open_door was not allowed to run.");
assert.equal(doors.back, "closed");
assert.deepEqual(asked, [
  ["open_door", { door: "front" }],
  ["open_door", { door: "back" }],
]);
await runtime.unload();

// With a model a reply can be held to a schema: it is JSON of that form, or an error.
const model = process.env.NANOAGENT_MODEL;
if (model !== undefined) {
  const Wish = z.object({ door: z.enum(["front", "back"]), urgent: z.boolean() });
  await using reader = new NanoRuntime();
  await reader.load({
    spec: { name: "reader", max_memory_mb: 1024, max_model_size_mb: 1024 },
    device: await new DeviceProfiler().profile(),
    model_path: path.resolve(model),
  });
  const question = "Which door does the guest mean, and is it urgent? Quick, I am at the back door and it rains!";
  const { content } = await reader.process(question, { responseSchema: Wish });
  const wish = Wish.parse(JSON.parse(content));
  console.log(`The ${wish.door} door${wish.urgent ? ", quickly" : ""}.`);
}
