import {
  ABORT_GRACE_MILLISECONDS,
  type Engine,
  EngineError,
  type EngineEvent,
  type EngineRequest,
} from "@nanoagent/runtime";
import { type EngineTestOptions, ScriptedEngine, testEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { onAbort } from "../../src/on-abort.js";

/** Satisfies the schema that the suite requests. */
const REPLY = '{"bed": 3}';

/** Runs the contract suite and returns the names of the failed tests. */
async function brokenPromises(open: () => Engine, options?: EngineTestOptions): Promise<string[]> {
  const bodies: [string, () => Promise<void>][] = [];
  testEngine(open, (name, body) => bodies.push([name, body]), options);
  expect(bodies.length).toBeGreaterThan(10);
  const results = await Promise.allSettled(bodies.map(([, body]) => body()));
  return bodies.flatMap(([name], index) =>
    results[index]?.status === "rejected" ? [name.replace("engine contract: ", "")] : [],
  );
}

test("an engine that keeps its contract passes", async () => {
  expect(await brokenPromises(() => new ScriptedEngine([REPLY]))).toEqual([]);
});

describe("an engine with one fault is detected", () => {
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
  const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  /** Returns an engine that computes each reply from its request and ignores everything else. */
  const replying = (reply: (request: EngineRequest) => Promise<string>) =>
    Object.assign(new ScriptedEngine(), {
      async *generate(request: EngineRequest): AsyncGenerator<EngineEvent> {
        yield { type: "text-delta", text: await reply(request) };
        yield end;
      },
    });
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
    "fractional tokens": [() => Object.assign(new ScriptedEngine(), { countTokens: () => 0.5 }), /counts tokens/],
    "a context of 0": [() => new ScriptedEngine(["Yes."], { contextTokens: 0 }), /context/],
    "ignored aborts": [
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
    "aborts that take three times the limit": [
      () =>
        Object.assign(new ScriptedEngine(), {
          async *generate(_: EngineRequest, { signal }: { signal?: AbortSignal } = {}) {
            yield text;
            await Promise.race([sleep(300), new Promise((resolve) => onAbort(signal, () => resolve(null)))]);
            await sleep(3 * ABORT_GRACE_MILLISECONDS);
            yield { type: "end", reason: "abort" } satisfies EngineEvent;
          },
        }),
      /an abort in the middle/,
    ],
    "replies that are mixed": [
      () => {
        let newest = "";
        return replying(async (request) => {
          newest = request.messages.at(-1)?.content ?? "";
          await sleep(5);
          return newest;
        });
      },
      /overlapping/,
    ],
    "a reply that breaks its schema": [() => replying(async () => '{"bed": 12}'), /schema/],
    "a schema error after text": [
      () =>
        new Changed((events) => [
          ...events.slice(0, -1),
          { type: "error", error: new EngineError({ code: "engine-failed", message: "no" }) },
        ]),
      /schema/,
    ],
    "a reply with its stop text": [() => replying(async () => REPLY), /stop text/],
    "another reply with the same seed": [
      () => {
        let calls = 0;
        return replying(async () => `reply ${++calls}`);
      },
      /same seed/,
    ],
    "a state of -1 bytes": [() => Object.assign(new ScriptedEngine([REPLY]), { saveState: async () => -1 }), /state/],
    "no reply after saving the state": [
      () => {
        let isSaved = false;
        const engine = replying(async () => {
          if (isSaved) throw new Error("gone");
          return REPLY;
        });
        const saveState = async () => {
          isSaved = true;
          return 1;
        };
        return Object.assign(engine, { saveState });
      },
      /state/,
    ],
    "a notice that is not text": [() => Object.assign(new ScriptedEngine([REPLY]), { notices: [1] as never }), /facts/],
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

  test("text instead of a forced call, or arguments that break the tool's schema", async () => {
    const calling = (bed: number) => () =>
      Object.assign(new ScriptedEngine([REPLY]), {
        async *generate({ toolChoice }: EngineRequest): AsyncGenerator<EngineEvent> {
          if (toolChoice === "forced")
            yield { type: "tool-call", call: { id: "1", name: "moisture", arguments: { bed } } };
          yield { type: "end", reason: toolChoice === "forced" ? "tool-calls" : "stop" };
        },
      });
    const isBroken = async (open: () => Engine) =>
      (await brokenPromises(open, { forcesCalls: true })).some((name) => /forced/.test(name));
    expect(await isBroken(() => new ScriptedEngine([REPLY]))).toBe(true);
    expect(await isBroken(calling(12))).toBe(true);
    expect(await isBroken(calling(3))).toBe(false);
  });
});
