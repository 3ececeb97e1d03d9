import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished } from "vitest";
import { ExampleCopy, type Reply } from "../example-copy.js";

/** A copy of an example for one test, which is deleted at its end. */
export async function copyOf(name: string): Promise<ExampleCopy> {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-example-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return ExampleCopy.of(name, folder);
}

export const contents = (replies: readonly Reply[]) => replies.map(({ content }) => content);

/** Fails unless the agent's reply to each message begins with this text. */
export async function expectReplies(
  name: string,
  sentences: readonly [message: string, reply: string][],
  environment: Record<string, string> = {},
): Promise<void> {
  const messages = sentences.map(([message]) => message);
  const replies = contents(await (await copyOf(name)).replies(messages, environment));
  const beginnings = replies.map((reply, index) => reply.slice(0, sentences[index]?.[1].length));
  expect(messages.map((message, index) => [message, beginnings[index]])).toEqual(sentences);
}
