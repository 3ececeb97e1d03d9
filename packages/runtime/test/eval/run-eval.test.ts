import type { Scenario } from "@nanoagent/models";
import { RulesEngine, type ToolCall } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { EngineError } from "../../src/engines/engine-error.js";
import { type EvalOptions, runEval, summarizeEval, type Verdict } from "../../src/eval/index.js";
import { sampleConfig } from "../sample-config.js";
import { houseFile, kitchenOn } from "./house-file.js";

let calls = 0;
const call = (name: string, given: unknown = {}): ToolCall => ({ id: `call-${calls++}`, name, arguments: given });
const calling = (...made: ToolCall[]): ScriptedReply => ({ calls: made });
const lampOn = () => calling(call("switch_lamp", kitchenOn));
const expectLampOn = [{ tool: "switch_lamp", arguments: kitchenOn }];
const failing = (): ScriptedReply => ({ error: new EngineError({ code: "engine-failed", message: "It broke." }) });

/** Runs scenarios with a scripted engine. */
async function run(replies: readonly ScriptedReply[], scenarios: Scenario[], options: Partial<EvalOptions> = {}) {
  const engine = new ScriptedEngine(replies);
  const result = await runEval({ scenarios: [houseFile(...scenarios)], openEngine: () => engine, ...options });
  return { engine, ...result };
}

describe("verdicts on turns", () => {
  test.each<[Verdict, string, ScriptedReply[], Scenario["expect"]]>([
    ["right", "the expected call of a tool that changes the world", [lampOn(), "It is on."], expectLampOn],
    ["right", "no call", ["Hello!"], "none"],
    [
      "right",
      "a number written as text",
      [calling(call("switch_lamp", { ...kitchenOn, percent: "40" })), "On."],
      [{ tool: "switch_lamp", arguments: { ...kitchenOn, percent: 40 } }],
    ],
    [
      "right",
      "a call that fails as the file defines",
      [calling(call("write_note", { text: "milk" })), "It is full."],
      [{ tool: "write_note", arguments: { text: "milk" } }],
    ],
    [
      "right",
      "two calls in one reply",
      [calling(call("read_thermometer"), call("switch_lamp", kitchenOn)), "Done."],
      [...expectLampOn, { tool: "read_thermometer" }],
    ],
    [
      "right",
      "two calls in two steps",
      [calling(call("read_thermometer")), lampOn(), "Done."],
      [...expectLampOn, { tool: "read_thermometer" }],
    ],
    ["wrong", "the call of another tool", [calling(call("read_thermometer")), "It is on."], expectLampOn],
    ["wrong", "another argument", [calling(call("switch_lamp", { ...kitchenOn, state: "off" })), "On."], expectLampOn],
    ["missed", "nothing but a claim", ["I have switched it on."], expectLampOn],
    ["needless", "a call without a request", [calling(call("read_thermometer")), "Hello!"], "none"],
    [
      "invalid",
      "invalid arguments, even if the next call is right",
      [calling(call("switch_lamp", { room: "attic", state: "on" })), lampOn(), "On."],
      expectLampOn,
    ],
    ["missed", "an engine that fails", [failing()], expectLampOn],
    ["wrong", "an engine that fails where nothing was expected", [failing()], "none"],
  ])("%s: %s", async (verdict, _, replies, expected) => {
    const { results } = await run(replies, [{ id: "a", say: "Do it", expect: expected }]);
    expect(results.map((result) => [result.verdict, result.turns[0]?.why === null])).toEqual([
      [verdict, verdict === "right"],
    ]);
  });
});

test("runs a dialog as one conversation, which is right when all its turns are", async () => {
  const turns = [
    { say: "Kitchen lamp on", expect: expectLampOn },
    { say: "How warm is it?", expect: [{ tool: "read_thermometer" }], reply: { contains: ["21"] } },
  ];
  const replies = [lampOn(), "It is on.", calling(call("read_thermometer")), "21.5 degrees."];
  const good = await run(replies, [{ id: "a", groups: ["dialogue"], turns }]);
  expect(good.results[0]).toMatchObject({ verdict: "right", groups: ["dialogue"], language: "en", run: 1 });
  expect(good.engine.requests.at(-1)?.messages.map(({ content }) => content)).toContain("Kitchen lamp on");
  const bad = await run([...replies.slice(0, 3), "Warm."], [{ id: "a", turns }]);
  expect(bad.results[0]?.turns.map(({ verdict }) => verdict)).toEqual(["right", "wrong"]);
  expect(bad.results[0]?.verdict).toBe("wrong");
});

test("runs each scenario in a new conversation, with the messages before it", async () => {
  const before = [
    { role: "user", content: "The lamp?" },
    { role: "assistant", content: "", tool_calls: [{ id: "callone01", name: "switch_lamp", arguments: kitchenOn }] },
    { role: "tool", content: '{"ok":true}', tool_call_id: "callone01" },
    { role: "assistant", content: "It is on." },
  ] as const;
  const { engine } = await run(
    ["Yes."],
    [
      { id: "a", say: "First", before: before.map((message) => ({ ...message })) as never },
      { id: "b", say: "Second" },
    ],
  );
  expect(engine.requests.map(({ messages }) => messages.map(({ role, content }) => [role, content]))).toEqual([
    [...before.map(({ role, content }) => [role, content]), ["user", "First"]],
    [["user", "Second"]],
  ]);
});

test("repeats scenarios at temperature 0, each run with another seed", async () => {
  const progress: number[] = [];
  const { engine, results, interrupted } = await run(
    ["Hello!"],
    [
      { id: "a", say: "Hi" },
      { id: "b", say: "Hey" },
    ],
    {
      times: 3,
      sampling: { seed: 7 },
      onProgress: ({ done, total, right }) => progress.push(done / total, right),
    },
  );
  expect(results.map(({ id, run: number }) => `${id}${number}`)).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
  expect(engine.requests.map(({ sampling }) => sampling)).toEqual(
    [7, 7, 8, 8, 9, 9].map((seed) => ({ temperature: 0, maxTokens: 512, seed })),
  );
  expect(progress.slice(-2)).toEqual([1, 6]);
  expect(interrupted).toBe(false);
});

test("returns the results so far when aborted, without the running turn", async () => {
  const stopping = new AbortController();
  const scenarios = ["a", "b", "c"].map((id) => ({ id, say: id }));
  const { results, interrupted, engine } = await run([{ deltas: ["Hel", "lo!"], delayMilliseconds: 5 }], scenarios, {
    signal: stopping.signal,
    onProgress: ({ id }) => id === "b" && setTimeout(() => stopping.abort(), 1),
  });
  expect(results.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(interrupted).toBe(true);
  expect(engine.requests).toHaveLength(3);
  const none = await run(["Hello!"], scenarios, { signal: AbortSignal.abort() });
  expect([none.results, none.interrupted]).toEqual([[], true]);
});

describe("failures of the engine", () => {
  const scenarios = Array.from({ length: 12 }, (_, index) => ({ id: String(index), say: "Hi" }));

  test("from the first turn on are thrown", async () => {
    await expect(run([failing()], scenarios)).rejects.toMatchObject({ code: "engine-failed", message: "It broke." });
  });

  test("later on end the run with the results so far and the reason", async () => {
    const { results, interrupted, failure } = await run(
      ["Hi.", "Hi.", ...Array.from({ length: 20 }, failing)],
      scenarios,
    );
    expect(results.map(({ verdict }) => verdict)).toEqual(["right", "right", ...Array(5).fill("wrong")]);
    expect([interrupted, failure]).toEqual([true, "It broke."]);
  });

  test("in single turns affect only those turns", async () => {
    const { results, failure } = await run(["Hi.", failing()], scenarios);
    expect(summarizeEval(results)).toMatchObject({ right: { count: 6, of: 12 }, failed_turns: 6 });
    expect(failure).toBeNull();
  });
});

test("opens the engine once for all files and closes it at the end, also after an error", async () => {
  for (const openFails of [false, true]) {
    let [opened, closed] = [0, 0];
    class Counted extends ScriptedEngine {
      override async close() {
        closed += 1;
        await super.close();
      }
    }
    const files = [houseFile({ id: "a", say: "x" }), { ...houseFile({ id: "b", say: "y" }), name: "shed" }];
    const broken = { ...files[0], tools: [{ name: "two words", description: "x" }] } as (typeof files)[0];
    const outcome = runEval({
      scenarios: openFails ? [broken] : files,
      openEngine: () => {
        opened += 1;
        return new Counted(["Yes."]);
      },
    });
    if (openFails) await expect(outcome).rejects.toMatchObject({ code: "invalid-tool" });
    else expect((await outcome).results.map(({ file, id }) => `${file} ${id}`)).toEqual(["house a", "shed b"]);
    expect([opened, closed]).toEqual([1, 1]);
  }
});

test("uses a config's engine without its tools, intents and session, and a file's instructions first", async () => {
  const config = sampleConfig({
    instructions: "Of the config.",
    tools: [{ name: "real", description: "Real.", command: ["false"] }],
    intents: { definitions: [{ name: "a", sentences: ["hello"], tool: "real" }] },
    session: { dir: "/nowhere/at/all" },
  });
  const scenarios = [houseFile({ id: "a", say: "hello", reply: { contains: ["How can I assist?"] } })];
  const { results, name } = await runEval({ config, scenarios });
  expect([name, results[0]?.verdict]).toEqual([
    new RulesEngine({ name: "x", device: config.device } as never).name,
    "right",
  ]);
  const asked = async (file: object) => {
    const engine = new ScriptedEngine(["Yes."]);
    await runEval({ config, openEngine: () => engine, scenarios: scenarios.map((one) => ({ ...one, ...file })) });
    return engine.requests[0]?.instructions;
  };
  expect([await asked({}), await asked({ instructions: "Of the file." })]).toEqual(["Of the config.", "Of the file."]);
});

test.each([
  ["no engine at all", {}],
  ["no runs", { times: 0, openEngine: () => new ScriptedEngine() }],
  ["half a run", { times: 1.5, openEngine: () => new ScriptedEngine() }],
])("%s is refused", async (_, options) => {
  await expect(runEval({ scenarios: [], ...options })).rejects.toMatchObject({ code: "invalid-options" });
});
