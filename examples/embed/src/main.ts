import assert from "node:assert/strict";
import { DeviceProfiler } from "@nanoagent/profiler";
import { NanoRuntime } from "@nanoagent/runtime";

const device = await new DeviceProfiler().profile();
const runtime = new NanoRuntime();
await runtime.load({ spec: { name: "greenhouse", max_memory_mb: 64 }, device });

// One reply at a time …
const reply = await runtime.process("hello");
console.log(reply.content);
assert.equal(reply.content, "Hello from greenhouse! How can I assist?");

// … or as it is written.
let streamed = "";
for await (const event of runtime.stream("status", { signal: AbortSignal.timeout(5000) })) {
  if (event.type === "text-delta") streamed += event.text;
  if (event.type === "error") throw event.error;
}
console.log(streamed);
assert.match(streamed, /^Runtime status: OK\. Device=/);

console.log(`${runtime.history.length} messages in the history`);
assert.equal(runtime.history.length, 4);

await runtime.unload();
