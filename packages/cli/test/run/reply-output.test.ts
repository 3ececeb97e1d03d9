import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { type AgentEvent, NanoRuntime } from "@nanoagent/runtime";
import { expect, test } from "vitest";
import { JsonOutput } from "../../src/run/json-output.js";
import { TextOutput } from "../../src/run/text-output.js";
import type { Streams } from "../../src/streams.js";

const jsonOptions = { model: "m", runtime: new NanoRuntime(), hasStatistics: false };
const grown = (context_tokens: number, previous_tokens: number): AgentEvent => ({
  type: "context-growth",
  context_tokens,
  previous_tokens,
});
const cut: AgentEvent = {
  type: "memory-pressure",
  used_bytes: 1,
  limit_bytes: 1,
  reason: "own-limit",
  action: "smaller-context",
};

test.each([
  ["for people", (streams: Streams) => new TextOutput(streams)],
  ["as JSON", (streams: Streams) => new JsonOutput(streams, jsonOptions)],
])("%s a growth is told once, until memory cuts the context", async (_, open) => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const output = open({ stdin, stdout, stderr, stop: new AbortController().signal });
  for (const event of [grown(8192, 4096), grown(8192, 4096), grown(16_384, 8192), cut, grown(8192, 4096)]) {
    await output.show(event);
  }
  stderr.end();
  const notes = (await text(stderr)).split("\n").filter((line) => line.includes("loaded again"));
  expect(notes.map((note) => /with (\d+) tokens/.exec(note)?.[1])).toEqual(["8192", "16384", "8192"]);
});

test("a note in the middle of a reply leaves a piped reply whole", async () => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const output = new TextOutput({ stdin, stdout, stderr, stop: new AbortController().signal });
  const message = { role: "user", content: "x", timestamp: "2026-01-01T00:00:00Z" } as const;
  const reply = { ...message, role: "assistant", content: "The femme" } as const;
  await output.show({ type: "run-start", message });
  await output.show({ type: "text-delta", text: "The fem" });
  await output.show(cut);
  await output.show({ type: "text-delta", text: "me" });
  await output.show({ type: "run-end", reply, reason: "stop", usage: null });
  stdout.end();
  stderr.end();
  expect(await text(stdout)).toBe("Agent: The femme\n");
  expect(await text(stderr)).toContain("note: ");
});
