import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_CARD_BYTES } from "../../src/card/agent-card.js";
import { makeCard } from "../../src/card/make-card.js";
import { parseCard } from "../../src/card/parse-card.js";
import { cardParts } from "./card-parts.js";

const card = makeCard(cardParts());
const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (value: unknown) => parseCard(bytes(JSON.stringify(value)), "kiosk-1");

describe("parseCard", () => {
  test("reads what makeCard makes", () => {
    expect(parse(card)).toEqual(card);
  });

  test("reads cards with values that are unknown", () => {
    const plain = { ...card, site: null, measurement: null, model: null, config_sha256: null, bundle: null };
    expect(parse(plain)).toEqual(plain);
  });

  test("reads cards of versions that do not say whether they take updates", () => {
    const { takes_updates: _, ...older } = card;
    expect(parse(older)).toEqual({ ...card, takes_updates: null });
  });

  test("refuses IDs that no agent can have", () => {
    const read = (id: string) => parseCard(bytes(JSON.stringify({ ...card, id })), id);
    for (const id of ["a", "Kiosk_7-b", "x".repeat(64)]) expect(read(id)?.id).toBe(id);
    for (const id of ["", "x".repeat(65), "kiosk 7", "kiosk,7", "a=b", "*", "kiosk\n", "küche", "../x", "bundle"])
      expect(read(id)).toBe(null);
  });

  test("ignores keys and forms of newer versions", () => {
    const { cpu, ...details } = card.device.details ?? {};
    const newer = {
      ...card,
      mood: "good",
      agent: { ...card.agent, mood: "good" },
      device: {
        ...card.device,
        colour: "green",
        details: {
          ...details,
          cpu: {
            ...cpu,
            sockets: { value: 1, source: "profiler", confidence: "certain" },
            model: { value: 7, unit: "x" },
          },
          fans: { count: { value: 1 } },
        },
      },
      measurement: { ...card.measurement, network: { latency: 1 } },
      model: { ...card.model, plan: { ...card.model?.plan, offload: 0 } },
    };
    const { model: _, ...knownCpu } = cpu ?? {};
    expect(parse(newer)).toEqual({ ...card, device: { ...card.device, details: { ...details, cpu: knownCpu } } });
  });

  test("does without a measurement, a plan and details that it cannot read", () => {
    const strange = {
      ...card,
      device: { ...card.device, details: "many" },
      measurement: { format: 2 },
      model: { ...card.model, plan: [] },
    };
    const { details: _, ...device } = card.device;
    expect(parse(strange)).toEqual({ ...card, device, measurement: null, model: { ...card.model, plan: null } });
  });

  const wrong: [string, unknown][] = [
    ["another format", { ...card, format: 2 }],
    ["another id", { ...card, id: "kiosk-2" }],
    ["no device", { ...card, device: undefined }],
    ["a device of another form", { ...card, device: { ...card.device, memory_mb: "512" } }],
    ["a time that is not one", { ...card, at: "yesterday" }],
    ["a number as a label", { ...card, labels: { floor: 2 } }],
    ["a list of labels", { ...card, labels: [] }],
    ["a health that is unknown", { ...card, health: { status: "fine", reasons: [] } }],
    ["a tool without a name", { ...card, tools: [{ changes_world: true }] }],
    ["an agent with a negative budget", { ...card, agent: { ...card.agent, max_memory_mb: -1 } }],
    ["a word about updates", { ...card, takes_updates: "yes" }],
    ["a bundle with half a sequence", { ...card, bundle: { ...card.bundle, sequence: 1.5 } }],
    ["a list", [card]],
    ["null", null],
    ["a text", "card"],
  ];
  test.each(wrong)("refuses %s", (_, value) => {
    expect(parse(value)).toBe(null);
  });

  test("refuses bytes that are not a card", () => {
    const refused = [
      new Uint8Array(),
      bytes("{"),
      bytes("[".repeat(90_000)),
      new Uint8Array([0x7b, 0xff, 0x7d]),
      bytes(JSON.stringify({ ...card, padding: "x".repeat(MAX_CARD_BYTES) })),
    ];
    for (const payload of refused) expect(parseCard(payload, "kiosk-1")).toBe(null);
  });

  test("cuts texts and lists, and keeps dangerous names harmless", () => {
    const labels = JSON.parse('{"__proto__": "polluted", "constructor": "text"}');
    const details = JSON.parse('{"__proto__": {"__proto__": {"x": 1}}, "cpu": {"__proto__": {"value": 1}}}');
    const long = parse({
      ...card,
      labels,
      device: { ...card.device, details },
      site: "s".repeat(1000),
      tools: Array(300).fill({ name: "t".repeat(250), changes_world: false }),
    });
    expect(long?.site).toHaveLength(200);
    expect(long?.tools).toHaveLength(256);
    expect(long?.tools[0]?.name).toHaveLength(200);
    expect(Object.entries(long?.labels ?? {})).toEqual([
      ["__proto__", "polluted"],
      ["constructor", "text"],
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test("never throws, whatever a message contains", () => {
    const changed = fc
      .tuple(fc.constantFrom(...Object.keys(card)), fc.jsonValue())
      .map(([key, value]) => JSON.stringify({ ...card, [key]: value }));
    const broken = fc.tuple(fc.nat(20_000), fc.string()).map(([place, text]) => {
      const whole = JSON.stringify(card);
      return whole.slice(0, place) + text + whole.slice(place);
    });
    fc.assert(
      fc.property(fc.oneof(changed, broken, fc.json(), fc.string()), (text) => {
        const found = parseCard(bytes(text), "kiosk-1");
        if (found !== null) expect(found.id).toBe("kiosk-1");
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => parseCard(payload, "kiosk-1") === null));
  });
});
