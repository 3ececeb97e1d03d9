import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openAgent } from "../src/agent.js";
import type { AgentEvent } from "../src/agent-event.js";
import { onAbort } from "../src/on-abort.js";
import { ScriptedEngine } from "../src/testing/scripted-engine.js";
import { TurnAbort } from "../src/turn-abort.js";
import { sampleConfig } from "./sample-config.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("an abort and its signal agree, whenever the signal is requested", () => {
  const step = fc.constantFrom("signal", "listen", "leave", "abort", "runOut");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const abort = new TurnAbort();
      const called: number[] = [];
      const listening: (() => void)[] = [];
      let expected: number[] = [];
      let first: string | null = null;
      let live: number[] = [];
      for (const [index, step] of steps.entries()) {
        if (step === "signal") expect(abort.signal.aborted).toBe(first !== null);
        else if (step === "listen") {
          listening[index] = onAbort(abort, () => called.push(index));
          if (first === null) live.push(index);
          else expected.push(index);
        } else if (step === "leave") {
          const last = live.pop();
          if (last !== undefined) listening[last]?.();
        } else {
          abort[step]();
          if (first === null) expected = [...expected, ...live];
          first ??= step;
          live = [];
        }
        expect(abort.aborted).toBe(first !== null);
        expect(abort.isOutOfTime).toBe(first === "runOut");
        expect(called).toEqual(expected);
      }
      expect(abort.isCalledOff).toBe(steps.includes("abort"));
      expect(abort.signal).toBe(abort.signal);
      expect(abort.signal.aborted).toBe(first !== null);
    }),
  );
});

test("an engine that answers at once needs no signal, and any other needs one per turn", async () => {
  let made = 0;
  const Original = AbortController;
  vi.stubGlobal(
    "AbortController",
    class extends Original {
      constructor() {
        super();
        made += 1;
      }
    },
  );
  for (const [engine, expected] of [
    [undefined, 0],
    [new ScriptedEngine(), 20],
  ] as const) {
    await using agent = await openAgent(sampleConfig(), { engine });
    const conversation = await agent.converse();
    made = 0;
    for (let turn = 0; turn < 10; turn++) {
      await conversation.process("Look at the pressure of pump three.");
      for await (const _ of conversation.stream("And at the other one.")) {
        // The events do not matter here.
      }
    }
    expect(made).toBe(expected);
  }
});

describe("a reader of events", () => {
  const types = (events: readonly AgentEvent[]) => events.map(({ type }) => type);

  test("gets the same events and reply as process, and may request all of them at once", async () => {
    await using agent = await openAgent(sampleConfig(), {
      engine: new ScriptedEngine([{ deltas: ["One, ", "two."] }]),
    });
    const conversation = await agent.converse();
    const stream = conversation.stream("Count.");
    const asked = await Promise.all(Array.from({ length: 7 }, () => stream.next()));
    const events = asked.flatMap(({ value }) => value ?? []);
    expect(types(events)).toEqual(["run-start", "text-delta", "text-delta", "step-end", "run-end"]);
    expect(asked.map(({ done }) => done)).toEqual([false, false, false, false, false, true, true]);
    expect((await conversation.process("Count.")).content).toBe("One, two.");
    expect(conversation.history).toHaveLength(4);
  });

  test.each([0, 1, 2, 3, 4, 5])(
    "may leave, or throw, after %i events, and the next message is answered",
    async (count) => {
      for (const way of ["return", "throw"] as const) {
        await using agent = await openAgent(sampleConfig(), {
          engine: new ScriptedEngine([{ deltas: ["One, ", "two."] }, "Three."]),
        });
        const conversation = await agent.converse();
        const stream = conversation.stream("Count.");
        const events: AgentEvent[] = [];
        for (let index = 0; index < count; index++) {
          const { value } = await stream.next();
          if (value !== undefined) events.push(value);
        }
        const failure = new Error("the reader failed");
        const left = await (way === "return" ? stream.return() : stream.throw(failure)).catch((error) => error);
        if (way === "return") expect(left).toEqual({ value: undefined, done: true });
        // Before the first event, and after the last one, nothing can receive the error.
        else if (count === 0 || count === 5) expect(left).toBe(failure);
        else expect(left).toMatchObject({ value: { type: "error", error: { code: "aborted" } }, done: false });
        if (way === "throw") expect(await stream.next()).toEqual({ value: undefined, done: true });
        const shown = events.flatMap((event) => (event.type === "text-delta" ? event.text : [])).join("");
        const replies = conversation.history.filter(({ role }) => role === "assistant");
        expect(replies.map(({ content }) => content)).toEqual(shown === "" ? [] : [shown]);
        expect(await conversation.process("Go on.")).toMatchObject({ role: "assistant" });
      }
    },
  );
});
