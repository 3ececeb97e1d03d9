import type { SamplingOptions } from "@nanoagent/runtime";
import { openOpenAiCompatibleEngine } from "@nanoagent/runtime/engines/openai-compatible";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { startServer } from "./fake-server.js";
import { fakeOllama } from "./fake-servers.js";
import { ask, collect, replying } from "./open-engine.js";

const runs = process.env.NANOAGENT_SOAK ? 300 : 40;

/** Opens an engine on a server that ignores sampling options and sends these pieces. */
async function open(kind: "openai" | "ollama") {
  const served = { pieces: [] as readonly string[], key: "content", closed: 0 };
  const ollama = fakeOllama();
  const chunk = (text: string) =>
    kind === "openai"
      ? `data: ${JSON.stringify({ choices: [{ index: 0, delta: { [served.key]: text } }] })}\n\n`
      : `${JSON.stringify({ message: { role: "assistant", [served.key]: text }, done: false })}\n`;
  const end =
    kind === "openai"
      ? `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`
      : `${JSON.stringify({ message: { role: "assistant", content: "" }, done: true, done_reason: "stop" })}\n`;
  const server = await startServer((request, response) => {
    if (kind === "ollama" && request.url !== "/api/chat") return ollama(request, response);
    return replying((_, response) => {
      response.writeHead(200);
      for (const piece of served.pieces) response.write(chunk(piece));
      response.end(end);
    })(kind === "ollama" ? { ...request, url: "/v1/chat/completions" } : request, response);
  });
  const engine = await openOpenAiCompatibleEngine({ url: server.url });
  onTestFinished(() => engine.close());
  const reply = async (pieces: readonly string[], sampling: SamplingOptions, key = "content") => {
    Object.assign(served, { pieces, key });
    const events = await collect(engine.generate(ask("hi", { sampling })));
    const text = (type: string) =>
      events.map((event) => (event.type === type && "text" in event ? event.text : "")).join("");
    const last = events.at(-1);
    return {
      text: text("text-delta"),
      thought: text("reasoning-delta"),
      reason: last?.type === "end" ? last.reason : last,
    };
  };
  return { engine, reply };
}

/** Splits a text at the given places. */
const cutAnywhere = (text: string, places: readonly number[]) => {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return cuts.slice(1).map((cut, at) => text.slice(cuts[at], cut));
};
// Distinct letters, so that no piece repeats all text before it.
const word = fc.stringMatching(/^[a-z]{0,6} [A-Z]{0,3}$/);

describe.each(["openai", "ollama"] as const)("a server (%s) that ignores sampling", (kind) => {
  test("is cut at stop texts, wherever its pieces end", async () => {
    const { engine, reply } = await open(kind);
    const places = fc.array(fc.nat(), { maxLength: 6 });
    const stops = fc.uniqueArray(fc.constantFrom("END", "\n\n", "###", "</s>", "ENDING"), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(word, stops, word, places, async (before, stop, after, places) => {
        const whole = `1${before}2${stop[0]}${after}3`;
        const at = Math.min(...stop.map((text) => whole.indexOf(text)).filter((index) => index >= 0));
        const got = await reply(cutAnywhere(whole, places), { stop });
        expect(got).toEqual({ text: whole.slice(0, at), thought: "", reason: "stop" });
      }),
      { numRuns: runs },
    );
    expect(engine.notices.slice(1)).toEqual([expect.stringContaining("sampling options stop")]);
  });

  test("keeps text that only begins like a stop text", async () => {
    const { engine, reply } = await open(kind);
    for (const whole of ["one EN", "one E", "ENEN", "one EN D"]) {
      for (const pieces of [[whole], [...`${whole}.`]]) {
        expect(await reply(pieces, { stop: ["END"] })).toEqual({ text: pieces.join(""), thought: "", reason: "stop" });
      }
    }
    expect(engine.notices.slice(1)).toEqual([]);
  });

  test("is cut well beyond the token limit, and not before", async () => {
    const { engine, reply } = await open(kind);
    const pieces = (count: number, size: number) =>
      Array.from({ length: count }, (_, at) => `${at}`.padStart(size, " "));
    for (const key of kind === "openai" ? ["content", "reasoning_content"] : ["content", "thinking"]) {
      for (const maxTokens of [1, 5, 64, 300]) {
        const said = ({ text, thought }: { text: string; thought: string }) => text + thought;
        const many = await reply(pieces(4 * maxTokens + 100, 4), { maxTokens }, key);
        expect(many.reason).toBe("length");
        expect(said(many).length).toBeLessThanOrEqual(4 * (2 * maxTokens + 17));
        const large = await reply(["x".repeat(40 * maxTokens + 1000)], { maxTokens }, key);
        expect([large.reason, said(large).length < 33 * maxTokens + 300]).toEqual(["length", true]);
        expect(engine.notices.slice(1)).toEqual([expect.stringContaining("sampling options max_tokens")]);
        const right = pieces(maxTokens, 5);
        expect(said(await reply(right, { maxTokens }, key))).toBe(right.join(""));
        // Letters, which are shorter than tokens.
        const letters = [...right.join("")];
        expect(said(await reply(letters, { maxTokens }, key))).toBe(right.join(""));
        expect((await reply(letters, { maxTokens }, key)).reason).toBe("stop");
      }
    }
  });
});
