import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openAgent } from "@nanoagent/runtime";

// The agent has the engine, the tools and the memory budget. It is opened once …
const agent = await openAgent({
  spec: { name: "greenhouse", max_memory_mb: 64 },
  device: { device_id: "shed", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 4 },
});

// … and its conversations share it. One is kept on disk; both hold at most 64 KB of history in memory.
const dir = await mkdtemp(path.join(tmpdir(), "greenhouse-"));
const kitchen = await agent.converse({ session: { dir }, maxHistoryBytes: 64 * 1024 });
const phone = await agent.converse({ maxHistoryBytes: 64 * 1024 });

const replies = await Promise.all([kitchen.process("hello"), phone.process("status")]);
for (const { content } of replies) console.log(content);
assert.match(replies[0].content, /^Hello from greenhouse!/);
assert.match(replies[1].content, /^Runtime status: OK\./);
assert.equal(kitchen.history.length, 2);

// A conversation ends by itself; one with a session goes on later where it ended.
await kitchen.close();
const later = await agent.converse({ session: { dir } });
console.log(`${later.history.length} messages from before`);
assert.equal(later.history.length, 2);

// Closing the agent closes all its conversations, and the engine.
await agent.close();
await rm(dir, { recursive: true });
