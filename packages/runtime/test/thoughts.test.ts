import { type Engine, type EngineEvent, NanoRuntime } from "@nanoagent/runtime";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "./sample-config.js";

/** An engine that answers with these events. */
function engineOf(events: readonly EngineEvent[]): Engine {
  return {
    name: "thinking",
    contextTokens: null,
    async *generate() {
      yield* events;
    },
    countTokens: (text) => text.length,
    close: async () => {},
  };
}

async function answer(events: readonly EngineEvent[]) {
  await using runtime = new NanoRuntime({ engine: engineOf(events) });
  await runtime.load(sampleConfig());
  const all = [];
  for await (const event of runtime.stream("hello")) all.push(event);
  return { last: all.at(-1), types: all.map(({ type }) => type), history: [...runtime.history] };
}

const thought: EngineEvent = { type: "reasoning-delta", text: "Hm." };
const text = (value: string): EngineEvent => ({ type: "text-delta", text: value });
const end = (reason: "stop" | "length"): EngineEvent => ({ type: "end", reason });

describe("the reasoning of a model", () => {
  test("is neither part of the reply nor kept", async () => {
    const { last, history } = await answer([thought, text("Yes."), end("stop")]);
    expect(last).toMatchObject({ type: "run-end", reply: { content: "Yes." } });
    expect(JSON.stringify(history)).not.toContain("Hm.");
  });

  test("is retracted if it was shown as the reply", async () => {
    const events = [text("The user greets."), { type: "text-retraction" } as const, text("Hello!"), end("stop")];
    const { last, types, history } = await answer(events);
    expect(types).toContain("text-retraction");
    expect(last).toMatchObject({ type: "run-end", reply: { content: "Hello!" } });
    expect(JSON.stringify(history)).not.toContain("greets");
  });

  test("is also retracted from an interrupted reply", async () => {
    const error = { type: "end", reason: "bored" } as never;
    const { history } = await answer([text("The user greets."), { type: "text-retraction" }, text("Hel"), error]);
    expect(history.at(-1)).toMatchObject({ content: "Hel", ended: "interrupted" });
  });

  test.each(["stop", "length"] as const)("is not an answer if nothing follows it (%s)", async (reason) => {
    for (const events of [
      [thought, end(reason)],
      [thought, text(" \n"), end(reason)],
      [text("Hm."), { type: "text-retraction" } as const, end(reason)],
    ]) {
      const { last } = await answer(events);
      expect(last).toMatchObject({ type: "error", error: { code: "reply-only-thought" } });
      expect(JSON.stringify(last)).not.toContain("Hm.");
    }
  });

  test("may be absent: an empty reply is empty", async () => {
    expect((await answer([end("stop")])).last).toMatchObject({ type: "run-end" });
  });
});
