import { NanoAgentError } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import type { StreamedReply } from "../../src/http/exchange.js";
import { ollamaError } from "../../src/ollama/ollama-error.js";
import { ReplyClock } from "../../src/ollama/reply-figures.js";
import { chatForm, ReplyLines } from "../../src/ollama/reply-lines.js";
import { streamReply } from "../../src/ollama/stream-reply.js";
import type { AnswerEvent } from "../../src/turns/ask.js";
import { events, replyOf } from "./fake-served-agent.js";

const now = () => Date.now();
const newLines = () =>
  new ReplyLines({ name: "house", form: chatForm, showsThinking: true, clock: new ReplyClock(now), now });

const start: AnswerEvent = { type: "run-start", message: replyOf("") };
const text: AnswerEvent = { type: "text-delta", text: "Half" };
const end: AnswerEvent = { type: "run-end", reply: replyOf("Yes."), reason: "stop", usage: null };
const tooLong = new NanoAgentError({ code: "context-exceeded", message: "It is too long.", hint: "Shorten it." });

/** A promise that a test keeps. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

async function* eventsOf(...list: (AnswerEvent | Promise<void>)[]): AsyncGenerator<AnswerEvent, void> {
  for (const each of list) {
    if (each instanceof Promise) await each;
    else yield each;
  }
}

async function read(reply: StreamedReply): Promise<Record<string, unknown>[]> {
  let body = "";
  await reply.stream({
    write(piece) {
      body += piece;
    },
  });
  return body
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

describe("A streamed reply", () => {
  test("that fails before its first text has the status of the error", async () => {
    const failing = eventsOf(start, { type: "error", error: tooLong });
    const error = await streamReply(failing, newLines()).catch((error: unknown) => error);
    expect(error).toBe(tooLong);
    const reply = ollamaError(error);
    expect(reply.status).toBe(400);
    expect(reply.body).toBe('{"error":"It is too long. Shorten it."}');
  });

  test("that fails later ends with a line that has the error", async () => {
    const reply = (await streamReply(
      eventsOf(start, text, { type: "error", error: tooLong }),
      newLines(),
    )) as StreamedReply;
    expect(reply.status).toBe(200);
    const lines = await read(reply);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toEqual({ error: "It is too long. Shorten it." });
  });

  test("does not tell what an unknown error says", async () => {
    const error = new NanoAgentError({ code: "model-unreadable", message: "Cannot read /home/me/secret." });
    const reply = (await streamReply(eventsOf(text, { type: "error", error }), newLines())) as StreamedReply;
    expect((await read(reply))[1]).toEqual({
      error: "The agent failed (model-unreadable). The log of the service has the details.",
    });
  });

  test("begins after a second at most, and shows with empty lines that it is in work", async () => {
    const prompt = gate();
    const waiting = eventsOf(start, prompt.opened, { type: "text-delta", text: "Yes." }, end);
    const options = { statusMilliseconds: 5, keepAliveMilliseconds: 10 };
    const reply = (await streamReply(waiting, newLines(), options)) as StreamedReply;
    const pieces: string[] = [];
    const finished = reply.stream({
      write(piece) {
        pieces.push(piece);
        if (pieces.length === 2) prompt.open();
      },
    });
    await finished;
    const lines = pieces.map((piece) => JSON.parse(piece));
    expect(lines.slice(0, 2)).toEqual([
      expect.objectContaining({ message: { role: "assistant", content: "" }, done: false }),
      expect.objectContaining({ message: { role: "assistant", content: "" }, done: false }),
    ]);
    expect(lines.map(({ message }) => message.content).join("")).toBe("Yes.");
    expect(lines.at(-1)).toMatchObject({ done: true });
  });

  test("waits for a client that reads slowly", async () => {
    let read = 0;
    async function* counted() {
      for (let count = 0; count < 5; count++) {
        read += 1;
        yield text;
      }
      yield* events([]);
    }
    const reply = (await streamReply(counted(), newLines())) as StreamedReply;
    const room = gate();
    let written = 0;
    const finished = reply.stream({
      write() {
        written += 1;
        return written === 2 ? room.opened : undefined;
      },
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([written, read]).toEqual([2, 2]);
    room.open();
    await finished;
    expect([written, read]).toEqual([6, 5]);
  });

  test("without any piece of text has its text at the end", async () => {
    const whole = eventsOf(start, { type: "run-end", reply: replyOf("Done."), reason: "stop", usage: null });
    const lines = await read((await streamReply(whole, newLines())) as StreamedReply);
    expect(lines).toEqual([
      expect.objectContaining({ message: { role: "assistant", content: "Done." }, done: true, done_reason: "stop" }),
    ]);
  });
});
