import { defineTool, NanoRuntime, type NanoRuntimeOptions } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksClaims } from "../../src/acts/checks-claims.js";
import { ClaimFilter } from "../../src/acts/claim-filter.js";
import { findClaim } from "../../src/acts/claims-act.js";
import type { AgentEvent } from "../../src/agent-event.js";
import { sampleConfig } from "../sample-config.js";

const NOTHING_DONE = "Nothing has been done yet. Please say in other words what I should do.";

/** A lamp and a thermometer, with a record of their use. */
function house() {
  const done: unknown[] = [];
  const tools = [
    defineTool({
      name: "switch_lamp",
      description: "Switches the lamp in a room on or off.",
      input: {
        type: "object",
        properties: { room: { type: "string" }, on: { type: "boolean" } },
        required: ["room", "on"],
      },
      changesWorld: true,
      permission: "always",
      run: (input: unknown) => {
        done.push(input);
        if ((input as { room: string }).room === "attic") throw new Error("there is no lamp");
        return "ok";
      },
    }),
    defineTool({
      name: "read_temperature",
      description: "Reads the temperature.",
      input: { type: "object", properties: {} },
      changesWorld: false,
      run: () => "21",
    }),
  ];
  return { done, tools };
}

const lamp = (room = "kitchen"): ScriptedReply => ({
  calls: [{ id: "1", name: "switch_lamp", arguments: { room, on: true } }],
});
const thermometer: ScriptedReply = { calls: [{ id: "1", name: "read_temperature", arguments: {} }] };

async function talk(
  replies: readonly ScriptedReply[],
  messages: readonly string[],
  { acts = "strict", ...options }: { acts?: "strict" | "off" } & NanoRuntimeOptions = {},
) {
  const engine = new ScriptedEngine(replies);
  const { done, tools } = house();
  await using runtime = new NanoRuntime({ engine, tools, ...options });
  await runtime.load(sampleConfig({ acts }));
  const events: AgentEvent[] = [];
  const texts: string[] = [];
  for (const message of messages) {
    let text = "";
    for await (const event of runtime.stream(message)) {
      events.push(event);
      if (event.type === "text-delta") text += event.text;
      if (event.type === "error") throw event.error;
    }
    texts.push(text);
  }
  return { engine, done, events, texts, text: texts.at(-1), history: runtime.history };
}

describe("a reply that claims an act without a call", () => {
  test("is retried with a forced choice, and the call runs", async () => {
    const said = await talk(["I have switched the lamp on.", lamp(), "The kitchen lamp is on."], ["switch it on"]);
    expect(said.engine.requests.map(({ toolChoice }) => toolChoice)).toEqual([undefined, "required", undefined]);
    expect(said.done).toEqual([{ room: "kitchen", on: true }]);
    expect(said.text).toBe("The kitchen lamp is on.");
    expect(said.events).toContainEqual({ type: "claim-withheld", text: "I have switched the lamp on." });
    expect(said.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
  });

  test.each([
    ["switch the lamp on", "I've switched the lamp on.", NOTHING_DONE],
    ["switch the lamp on", "You're right, I'll do that.", NOTHING_DONE],
    ["Mach bitte das Licht an", "Ich habe das Licht eingeschaltet.", /^Es wurde noch nichts getan/],
    ["allume la lampe, s'il te plaît", "C'est fait, la lampe est allumée.", /^Rien n'a encore été fait/],
    ["enciende la luz por favor", "He encendido la luz.", /^Todavía no se ha hecho nada/],
    ["accendi la luce per favore", "Ho acceso la luce.", /^Non è stato ancora fatto nulla/],
    ["zet het licht aan alsjeblieft", "Ik heb de lamp aangezet.", /^Er is nog niets gedaan/],
    ["lamp on", "Done!", NOTHING_DONE],
  ])("says that nothing was done if the retry has no call either: %s", async (message, claim, told) => {
    const said = await talk([claim], [message]);
    expect(said.engine.requests).toHaveLength(2);
    expect(said.text).toMatch(typeof told === "string" ? new RegExp(`^${told.replaceAll(".", "\\.")}$`) : told);
    expect(said.history.map(({ content }) => content)).toEqual([message, said.text]);
    expect(said.events.at(-1)).toMatchObject({ type: "run-end", reason: "stop" });
    expect(said.done).toEqual([]);
  });

  test("keeps the text before the claim", async () => {
    const said = await talk(["The lamp is a fine one. I have switched it on. It is bright now."], ["switch it on"]);
    expect(said.text).toBe(`The lamp is a fine one. ${NOTHING_DONE}`);
    expect(said.history.at(-1)?.content).toBe(said.text);
  });

  test("may be the text of a call", async () => {
    const said = await talk(
      [{ deltas: ["I'll do that. ", "I have switched it on."], calls: (lamp() as { calls: [] }).calls }, "Done!"],
      ["switch the lamp on"],
    );
    expect(said.texts).toEqual(["I'll do that. I have switched it on.Done!"]);
    expect(said.done).toHaveLength(1);
    expect(said.engine.requests).toHaveLength(2);
  });

  test("passes after an act, but not after a reading or a failed act", async () => {
    expect((await talk([lamp(), "I have switched the lamp on."], ["lamp on"])).text).toBe(
      "I have switched the lamp on.",
    );
    const looked = await talk([thermometer, "I have switched the lamp on.", "No."], ["lamp on"]);
    expect(looked.text).toBe(NOTHING_DONE);
    const failed = await talk([lamp("attic"), "I have switched the lamp on.", "No."], ["lamp on"]);
    expect(failed.text).toBe(NOTHING_DONE);
  });

  test("passes with `acts: off`, without tools, and in a requested text", async () => {
    const claim = "I have switched the lamp on.";
    expect((await talk([claim], ["lamp on"], { acts: "off" })).text).toBe(claim);
    expect((await talk([claim], ["lamp on"], { tools: [] })).text).toBe(claim);
    expect((await talk([claim], ["Tell me a story about a robot in the first person."])).text).toBe(claim);
    expect((await talk([claim], ["Translate: Ich habe die Lampe eingeschaltet."])).text).toBe(claim);
  });

  test("is not a claim in a structured reply", async () => {
    const engine = new ScriptedEngine(['"I have switched the lamp on."']);
    await using runtime = new NanoRuntime({ engine, tools: house().tools });
    await runtime.load(sampleConfig({ acts: "strict" }));
    const reply = await runtime.process("lamp on", { responseSchema: { type: "string" } });
    expect(reply.content).toBe('"I have switched the lamp on."');
  });
});

describe("a claim about an act of an earlier turn", () => {
  const first = [lamp(), "The lamp is on."];
  test.each([
    ["did you switch the lamp on?", "Yes, I switched the lamp on."],
    ["Did you do it?", "Yes, I have switched it on."],
    ["thanks", "You're welcome. I have switched the lamp on for you."],
    ["thanks", "Done!"],
  ])("passes: %s %s", async (message, reply) => {
    const said = await talk([...first, reply], ["switch the kitchen lamp on", message]);
    expect(said.texts).toEqual(["The lamp is on.", reply]);
  });

  test.each([
    ["switch the cellar lamp on", "I have switched the cellar lamp on."],
    ["and the cellar?", "I have switched the cellar lamp on."],
    ["and the cellar?", "Done!"],
    ["switch the kitchen lamp off", "I have switched the kitchen lamp off."],
    ["could you switch the lamp on again", "I have switched the lamp on again."],
    ["thanks, now open the window", "I have opened the window."],
    ["did you do it?", "I'll do that."],
  ])("does not answer a new request: %s %s", async (message, reply) => {
    const said = await talk([...first, reply, reply], ["switch the kitchen lamp on", message]);
    expect(said.text).toBe(NOTHING_DONE);
  });

  test("is withheld if that act failed", async () => {
    const said = await talk(
      [lamp("attic"), "There is no lamp.", "Yes, I have switched the lamp on.", "No."],
      ["switch the attic lamp on", "did you switch the lamp on?"],
    );
    expect(said.text).toBe(NOTHING_DONE);
  });
});

test("checks replies of models below two billion parameters by default", () => {
  const facts = (parameters?: number | null) => ({ name: "x", contextTokens: null, parameters });
  expect(
    [134_000_000, 1_999_999_999, 2_000_000_000, null, undefined].map((n) => checksClaims(undefined, facts(n))),
  ).toEqual([true, true, false, false, false]);
  expect(checksClaims("strict", facts(70_000_000_000))).toBe(true);
  expect(checksClaims("off", facts(1))).toBe(false);
});

describe("the part of a reply that is held back", () => {
  const sentences = [
    "The lamp is in the hall. ",
    "It has three bulbs… ",
    "What else?\n\n",
    'He said: "I have opened it. I have closed it." ',
    "Room 12.5 is open to all, of course, and so is the long corridor behind it. ",
    "- a list\n",
    "```\nI have opened the valve.\n```\n",
    `${"very ".repeat(120)}long. `,
  ];
  const claims = [
    "I have opened the valve. ",
    "Done! ",
    "Ich habe das Licht eingeschaltet.\n",
    `${"so ".repeat(150)}I have opened the valve. `,
  ];
  const cut = (text: string, sizes: readonly number[]) => {
    const pieces: string[] = [];
    for (let at = 0, piece = 0; at < text.length; piece++) {
      const size = sizes[piece % sizes.length] ?? 1;
      pieces.push(text.slice(at, at + size));
      at += size;
    }
    return pieces;
  };
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

  test("has at most 300 characters, and is empty at the end of a reply without a claim", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...sentences), { maxLength: 8 }), sizes, (parts, sizes) => {
        const text = parts.join("");
        const filter = new ClaimFilter((sentence) => findClaim(sentence));
        let shown = "";
        let given = "";
        for (const piece of cut(text, sizes)) {
          given += piece;
          shown += filter.push(piece);
          expect(given.startsWith(shown)).toBe(true);
          expect(given.length - shown.length).toBeLessThanOrEqual(300);
        }
        expect(shown + filter.finish()).toBe(text);
        expect(filter.claim).toBeNull();
      }),
    );
  });

  test("contains the whole sentence of the first claim, and everything after it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...sentences), { maxLength: 4 }),
        fc.constantFrom(...claims),
        fc.array(fc.constantFrom(...sentences, ...claims), { maxLength: 3 }),
        sizes,
        (before, claim, after, sizes) => {
          const text = [...before, claim, ...after].join("");
          const filter = new ClaimFilter((sentence) => findClaim(sentence));
          const shown = [...cut(text, sizes).map((piece) => filter.push(piece)), filter.finish()].join("");
          expect(filter.claim).not.toBeNull();
          const isLong = claim.length > 300;
          expect(isLong ? before.join("").length + 300 : before.join("").length).toBeGreaterThanOrEqual(
            shown.length - 100,
          );
          if (!isLong) expect(shown).toBe(before.join(""));
          expect(shown).not.toContain("I have opened the valve. I");
          const released = new ClaimFilter((sentence) => findClaim(sentence));
          expect([...cut(text, sizes).map((piece) => released.push(piece)), released.release()].join("")).toBe(text);
        },
      ),
    );
  });
});
