import type { Engine, EngineEvent } from "@nanoagent/runtime";
import { ScriptedEngine, testEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";

/** Runs the contract suite by itself and returns the names of the promises that were broken. */
async function brokenPromises(open: () => Engine): Promise<string[]> {
  const bodies: [string, () => Promise<void>][] = [];
  testEngine(open, (name, body) => bodies.push([name, body]));
  expect(bodies.length).toBeGreaterThan(10);
  const results = await Promise.allSettled(bodies.map(([, body]) => body()));
  return bodies.flatMap(([name], index) =>
    results[index]?.status === "rejected" ? [name.replace("engine contract: ", "")] : [],
  );
}

test("an engine that keeps its contract breaks nothing", async () => {
  expect(await brokenPromises(() => new ScriptedEngine())).toEqual([]);
});

describe("an engine that breaks one promise is caught", () => {
  class Changed extends ScriptedEngine {
    constructor(readonly change: (events: EngineEvent[]) => EngineEvent[]) {
      super();
    }
    override async *generate(...parts: Parameters<ScriptedEngine["generate"]>): AsyncGenerator<EngineEvent> {
      const events: EngineEvent[] = [];
      for await (const event of super.generate(...parts)) events.push(event);
      yield* this.change(events);
    }
  }
  const end: EngineEvent = { type: "end", reason: "stop" };
  const text: EngineEvent = { type: "text-delta", text: "more" };
  const cases: Record<string, [() => Engine, RegExp]> = {
    "no end": [() => new Changed((events) => events.slice(0, -1)), /one end/],
    "text after the end": [() => new Changed((events) => [...events, text]), /one end/],
    "two ends": [() => new Changed((events) => [...events, end]), /one end/],
    "two usages": [
      () =>
        new Changed((events) =>
          events.flatMap((event): EngineEvent[] => (event.type === "usage" ? [event, event] : [event])),
        ),
      /one end/,
    ],
    "no text": [() => new Changed((events) => events.filter(({ type }) => type !== "text-delta")), /one end/],
    "tokens that are no whole number": [
      () => Object.assign(new ScriptedEngine(), { countTokens: () => 0.5 }),
      /counts tokens/,
    ],
    "a context of 0": [() => new ScriptedEngine(["Yes."], { contextTokens: 0 }), /context/],
    "deaf to aborts": [
      () =>
        Object.assign(new ScriptedEngine(), {
          async *generate() {
            yield text;
            await new Promise((resolve) => setTimeout(resolve, 3000));
            yield end;
          },
        }),
      /abort|close/,
    ],
    "a thrown error": [
      () =>
        Object.assign(new ScriptedEngine(), {
          generate() {
            throw new Error("boom");
          },
        }),
      /one end/,
    ],
    "answers when closed": [() => Object.assign(new ScriptedEngine(), { close: async () => {} }), /close/],
  };
  test.each(Object.entries(cases))("%s", async (_, [open, promise]) => {
    const broken = await brokenPromises(open);
    expect(
      broken.some((name) => promise.test(name)),
      broken.join("; "),
    ).toBe(true);
  });
});
