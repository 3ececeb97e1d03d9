import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AgentEvent } from "../../src/agent-event.js";
import type { EngineTool } from "../../src/engines/engine.js";
import { runStep } from "../../src/run-step.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";
import { callForms } from "../../src/tool-calls/call-forms.js";
import { CallSieve } from "../../src/tool-calls/call-sieve.js";
import { mayBecomeCall } from "../../src/tool-calls/dressed-beginning.js";
import { recognizeCalls } from "../../src/tool-calls/recognize-call.js";
import { TurnAbort } from "../../src/turn-abort.js";

const tools: EngineTool[] = [
  {
    name: "water_zone",
    description: "Waters a zone.",
    inputSchema: {
      type: "object",
      properties: { zone: { type: "string", enum: ["north", "south"] }, minutes: { type: "integer", minimum: 1 } },
      required: ["zone"],
      additionalProperties: false,
    },
  },
  {
    name: "weather",
    description: "Tells the weather.",
    inputSchema: { type: "object", properties: {}, additionalProperties: false },
  },
];
const water = { name: "water_zone", arguments: { zone: "north", minutes: 5 } };

/** Returns the shown text and the calls of a reply that arrives in pieces of these lengths. */
function read(
  reply: string,
  { asked = "Go on.", lengths = [1] }: { asked?: string; lengths?: readonly number[] } = {},
) {
  const sieve = new CallSieve(tools, [{ role: "user", content: asked }]);
  let text = "";
  for (let at = 0, piece = 0; at < reply.length; piece++) {
    const length = lengths[piece % lengths.length] ?? 1;
    text += sieve.push(reply.slice(at, at + length));
    at += length;
  }
  const { text: rest, calls } = sieve.finish({ isComplete: true });
  return { text: text + rest, calls };
}

const input = '{"zone": "north", "minutes": 5}';
/** A call of `water` in all forms. */
const dresses: readonly string[] = [
  ...callForms.map((form) => form.encode([water])),
  ...["name", "tool_name", "tool", "function", "function_name", "action"].flatMap((nameKey) =>
    ["arguments", "parameters", "args", "input", "params", "action_input"].map(
      (key) => `{"${nameKey}": "water_zone", "${key}": ${input}}`,
    ),
  ),
  `{"arguments": ${input}, "name": "water_zone"}`,
  `{"name": "water_zone", "arguments": ${JSON.stringify(input)}}`,
  `{"function": {"name": "water_zone", "arguments": ${input}}}`,
  `{"type": "function", "function": {"name": "water_zone", "arguments": ${JSON.stringify(input)}}}`,
  `{"id": "call_1", "type": "function", "name": "water_zone", "arguments": ${input}}`,
  `{"tool_calls": [{"name": "water_zone", "arguments": ${input}}]}`,
  `{"water_zone": ${input}}`,
  `{"tool": "water_zone", "zone": "north", "minutes": 5}`,
  `{"name": "water_zone", "arguments": {"zone": "north", "minutes": "5"}}`,
  `{"name": "water_zone", "arguments": {"zone": "North", "minutes": 5}}`,
  `{"name": "water_zone", "arguments": ${input}`,
  `{"name": "water_zone", "arguments": ${input},}`,
  `<tool_call>\n{"name": "water_zone", "arguments": ${input}\n</tool_call>`,
  `<tool_call>\n{"name": "water_zone", "arguments": ${input}}`,
  `<function_call>{"name": "water_zone", "arguments": ${input}}</function_call>`,
  `<tools>{"name": "water_zone", "arguments": ${input}}</tools>`,
  `<|python_tag|>{"name": "water_zone", "parameters": ${input}}`,
  `[{"name": "water_zone", "arguments": ${input}}]`,
  ...[
    "functions.water_zone",
    "tools.water_zone",
    "water_zone<|channel|>commentary",
    "water-zone",
    "Water_Zone",
    "water_zone()",
  ].map((name) => `{"name": "${name}", "arguments": ${input}}`),
  'water_zone(zone="north", minutes=5)',
  "[water_zone(zone='north', minutes=5)]",
  'functions.water_zone(zone="north", minutes=5)',
  `water_zone ${input}`,
  `<function=water_zone>${input}</function>`,
  `commentary to=functions.water_zone <|constrain|>json<|message|>${input}<|call|>`,
];

describe("a reply that is a call in any form", () => {
  const worn = dresses.flatMap((dress) => [
    dress,
    `\n ${dress}\n`,
    `\`\`\`json\n${dress}\n\`\`\``,
    `\`\`\`\n${dress}\n\`\`\``,
    `${dress}<|im_end|>`,
  ]);

  test.each(worn)("%s", (dress) => {
    const { text, calls } = read(dress);
    expect(text.trim()).toBe("");
    expect(calls).toHaveLength(1);
    expect(calls[0]?.name).toBe("water_zone");
    expect(recognizeCalls(dress, tools)).toHaveLength(1);
  });

  test("is a possible call from the first character on", () => {
    for (const dress of dresses) {
      for (let length = 1; length <= dress.length; length++) {
        expect(mayBecomeCall(dress.slice(0, length), ["water_zone", "weather"]), dress.slice(0, length)).toBe(true);
      }
    }
  });

  test("may follow a short sentence, which is shown", () => {
    for (const dress of dresses) {
      for (const sentence of ["Sure, I will water it.\n", "Gern.\n\n", "I'll do that now:\n"]) {
        const { text, calls } = read(`${sentence}\`\`\`json\n${dress}\n\`\`\``);
        expect(text.trim(), dress).toBe(sentence.trim());
        expect(calls, dress).toHaveLength(1);
      }
    }
    expect(read(`Okay! {"name": "weather", "arguments": {}}`)).toMatchObject({
      text: "Okay! ",
      calls: [{ name: "weather" }],
    });
  });

  test("may have two calls: in a row, in a list, or in one object", () => {
    const one = '"name": "water_zone", "arguments": {"zone": "north"}';
    const other = '"name": "weather", "arguments": {}';
    for (const both of [
      `{${one}}\n{${other}}`,
      `{${one}}, {${other}}`,
      `[{${one}}, {${other}}]`,
      `{${one}, ${other}}`,
      `<tool_call>{${one}}</tool_call>\n<tool_call>{${other}}</tool_call>`,
      `\`\`\`json\n{${one}}\n\`\`\`\n\`\`\`json\n{${other}}\n\`\`\``,
      '{"water_zone": {"zone": "north"}, "weather": {}}',
      '[water_zone(zone="north"), weather()]',
    ]) {
      expect(
        read(both).calls.map(({ name }) => name),
        both,
      ).toEqual(["water_zone", "weather"]);
      expect(read(both).text.trim()).toBe("");
    }
  });
});

/** Replies that are not calls, with the message that they answer. */
const noCalls: readonly (readonly [reply: string, asked?: string])[] = [
  ['{"name": "Ada", "age": 36}'],
  ['```json\n{"name": "Ada", "arguments": {}}\n```'],
  ['{"name": "other_tool", "arguments": {}}'],
  ['{"name": "water_zone", "arguments": {"zone": "west"}}'],
  ['{"name": "water_zone", "arguments": {"minutes": 5}}'],
  ['{"name": "water_zone", "arguments": {"zone": "north", "force": true}}'],
  ['{"name": "water_zone", "description": "Waters a zone.", "parameters": {"type": "object"}}'],
  ['{"name": "weather", "arguments": {}, "result": "20 degrees"}'],
  ['You would write {"name": "weather", "arguments": {}} for that.'],
  ['You would write:\n```json\n{"name": "weather", "arguments": {}}\n```'],
  ['Here is an example:\n```json\n{"name": "weather", "arguments": {}}\n```'],
  ['```json\n{"name": "weather", "arguments": {}}\n```\nThis object calls the tool.'],
  ['{"name": "weather", "arguments": {}} is how the tool is called.'],
  ["I called `weather()` before."],
  ["weather() tells the weather."],
  ["weather is nice today."],
  ["water_zone(zone) takes a zone."],
  ["```python\nprint(weather())\n```"],
  ["[1, 2, 3]"],
  ["{}"],
  ["<b>weather</b>"],
  ['```json\n{"name": "weather", "arguments": {}}\n```', "What does a call look like in JSON?"],
  ['{"name": "weather", "arguments": {}}', "Show me an example of a call of the weather tool."],
  [`${"Much was said before this. ".repeat(12)}\n{"name": "weather", "arguments": {}}`],
];

describe("text that is not a call is shown unchanged", () => {
  test.each(noCalls.map(([reply, asked]) => ({ reply, asked })))("$reply", ({ reply, asked }) => {
    expect(read(reply, asked === undefined ? {} : { asked })).toEqual({ text: reply, calls: [] });
  });

  test("shows text as soon as it cannot become a call", () => {
    const shownOf = (text: string) => new CallSieve(tools).push(text);
    expect(shownOf('{"name": "A')).toBe('{"name": "A');
    expect(shownOf('{"first')).toBe('{"first');
    expect(shownOf("The weather is")).toBe("The weather is");
    expect(shownOf("weather i")).toBe("weather i");
    expect(shownOf("```python\nprint")).toBe("```python\nprint");
    expect(shownOf("<b>")).toBe("<b>");
    expect(shownOf('{"name": "wea')).toBe("");
  });

  test("holds back an endless text only up to a limit", () => {
    const sieve = new CallSieve(tools);
    const piece = '{"name": "weather", "arguments": {"';
    let shown = sieve.push(piece);
    for (let length = 0; length < 40_000; length += 1000) shown += sieve.push("x".repeat(1000));
    expect(shown.startsWith(piece)).toBe(true);
    expect(shown.length).toBeGreaterThan(30_000);
  });
});

const soup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...dresses,
        ...noCalls.map(([reply]) => reply),
        "\n",
        "```",
        "```json\n",
        "Sure. ",
        "{",
        "<tool_call>",
        "weather",
        "(",
      ),
      fc.string({ unit: "binary", maxLength: 6 }),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(""));

describe("any text", () => {
  test("gives the same result in any pieces, and nothing is lost", () => {
    fc.assert(
      fc.property(soup, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (reply, lengths) => {
        const whole = read(reply, { lengths: [reply.length || 1] });
        expect(read(reply, { lengths })).toEqual(whole);
        if (whole.calls.length === 0) expect(whole.text).toBe(reply);
        else expect(reply.startsWith(whole.text)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("has only calls of known tools with valid arguments", () => {
    fc.assert(
      fc.property(soup, (reply) => {
        for (const { name } of read(reply).calls) expect(tools.map((tool) => tool.name)).toContain(name);
        expect(recognizeCalls(reply, [])).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

/** Messages that ask for text about calls, code or data. */
const forWords: readonly string[] = [
  ...["What does a call of yours look like?", "How do you talk to the valve?", "What tools do you have?"],
  ...["Write one line of Python that waters the zone.", "How would I water it in JavaScript?", "Which tool waters it?"],
  ...["What is the code for watering the zone?", "Which function waters the zone?", "Show me a tool call."],
  ...["Repeat exactly: water_zone()", "Say exactly water_zone()", "Repeat after me: weather()"],
  ...["Which tools were used yesterday? List them as data.", "Return it as JSON."],
  ...["Wie sieht ein Aufruf von dir aus?", "Wie sprichst du mit dem Ventil?", "Wiederhole genau: weather()"],
  ...[
    "Schreib eine Zeile Python, die gießt.",
    "Welche Funktion gießt?",
    "Zeig mir den Code, der gießt.",
    "Nenne sie als Daten.",
  ],
  ...["À quoi ressemble un appel ?", "Répète exactement : weather()", "Écris une ligne de Python qui arrose."],
  ...["Quelle fonction arrose la zone ?", "Montre-moi le code qui arrose.", "Donne-les sous forme de données."],
  ...["¿Cómo es una llamada tuya?", "Repite exactamente: weather()", "Escribe una línea de Python que riegue."],
  ...["¿Qué función riega la zona?", "Muestra el código para regar.", "Enuméralas como datos."],
  ...["Che aspetto ha una tua chiamata?", "Ripeti esattamente: weather()", "Scrivi una riga di Python che innaffia."],
  ...["Quale funzione innaffia?", "Mostra il codice per innaffiare.", "Elencali come dati."],
  ...["Hoe ziet een aanroep eruit?", "Herhaal precies: weather()", "Schrijf een regel Python die sproeit."],
];
/** Messages with the same words that ask for an act. */
const forActs: readonly string[] = [
  ...["Water the north zone.", "Enter the code 1234 and water it.", "Use the code to unlock the tap.", "Call mom."],
  ...["Run the Python script backup.py.", "Write a Python script that waters it to water.py.", "Repeat the song."],
  ...["Make a call to the gardener.", "Write 'done' to the log.", "What is the weather?", "Send the data to Ada."],
  ...[
    "Gieß die Zone zum Beispiel fünf Minuten.",
    "Ruf die Gärtnerin an.",
    "Wiederhole das Lied.",
    "Gib den Code 1234 ein.",
  ],
  ...["Arrose la zone.", "Ouvre avec le code de la porte.", "Répète la chanson.", "Appelle le jardinier."],
  ...["Riega la zona.", "Repite la canción.", "Abre con el código 1234.", "Llama al jardinero."],
  ...["Innaffia la zona.", "Ripeti la canzone.", "Apri con il codice 1234.", "Chiama il giardiniere."],
];

describe("a message that asks for text", () => {
  test.each(forWords)("%s", (asked) => {
    for (const dress of dresses) expect(read(dress, { asked }), dress).toEqual({ text: dress, calls: [] });
  });

  test.each(forActs)("and not: %s", (asked) => {
    for (const dress of dresses) expect(read(dress, { asked }).calls, dress).toHaveLength(1);
  });

  test("and not a call that is announced as an example or refused", () => {
    for (const sentence of ["I will not do this:", "A call looks like this:", "So sieht das aus:", "Voici comment :"]) {
      for (const dress of dresses) expect(read(`${sentence}\n${dress}`).calls, sentence).toEqual([]);
    }
  });
});

describe("a step of any engine", () => {
  async function step(
    reply: string,
    request: { tools?: readonly EngineTool[]; responseSchema?: object } = { tools },
    asked = "Water it.",
  ) {
    const engine = new ScriptedEngine([reply]);
    const events: AgentEvent[] = [];
    const result = await runStep(
      engine,
      { instructions: null, messages: [{ role: "user", content: asked }], ...request },
      new TurnAbort(),
      {
        emit: (event) => {
          events.push(event);
        },
        onText: () => {},
      },
    );
    return { result, events };
  }

  test("runs the calls in its text without showing them", async () => {
    const { result, events } = await step('Sure.\n```json\n{"name": "weather", "arguments": {}}\n```');
    expect(result).toMatchObject({
      text: "Sure.\n",
      reason: "tool-calls",
      calls: [{ kept: { name: "weather", arguments: {} } }],
    });
    expect(events.map((event) => (event.type === "text-delta" ? event.text : event.type))).toEqual([
      "Sure.\n",
      "tool-call",
    ]);
  });

  test.each([
    "Don't water the zone!",
    "I already watered the zone.",
    "What would happen if I watered it?",
    "Never mind.",
    "Gieß die Zone nicht!",
    "N'arrose pas la zone.",
    "No riegues la zona.",
    "Non innaffiare la zona.",
  ])("leaves text alone where the message asks for no act: %s", async (asked) => {
    for (const dress of dresses) {
      const { result } = await step(dress, { tools }, asked);
      expect(result).toMatchObject({ text: dress, reason: "stop", calls: [] });
    }
  });

  test("leaves text alone without tools, or with a reply schema", async () => {
    const call = '{"name": "weather", "arguments": {}}';
    for (const request of [{}, { tools: [] }, { tools, responseSchema: { type: "object" } }]) {
      const { result } = await step(call, request);
      expect(result).toMatchObject({ text: call, reason: "stop", calls: [] });
    }
  });
});

describe("where a call ends", () => {
  const valve: EngineTool = {
    name: "open_valve",
    description: "Opens the valve",
    inputSchema: {
      type: "object",
      properties: { duration_minutes: { type: "integer" } },
      required: ["duration_minutes"],
    },
  };
  const call = '{"name": "open_valve", "arguments": {"duration_minutes": 55}}';

  test.each([call, `<tool_call>${call}</tool_call>`, `<tool_call>\n${call}\n</tool_call>`])(
    "no part of %s is read as another call",
    (text) => {
      for (let length = 1; length < text.length; length++) {
        const calls = recognizeCalls(text.slice(0, length), [valve]);
        if (calls !== null) expect(calls).toEqual([{ name: "open_valve", arguments: { duration_minutes: 55 } }]);
      }
    },
  );

  test.each(["\nI have opened the valve.", "\n<tool_response>done</tool_response>\nThe valve is open.", " Done!"])(
    "text after the tags of a call is not part of it: %j",
    (behind) => {
      expect(recognizeCalls(`<tool_call>${call}</tool_call>${behind}`, [valve])).toHaveLength(1);
      expect(recognizeCalls(`${call}${behind}`, [valve])).toBeNull();
    },
  );
});
