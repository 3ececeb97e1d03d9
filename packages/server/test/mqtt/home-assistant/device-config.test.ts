import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agentIdOf, agentTopics } from "../../../src/mqtt/agent-topics.js";
import { deviceConfig } from "../../../src/mqtt/home-assistant/device-config.js";
import { readComponents } from "../../../src/mqtt/home-assistant/read-components.js";
import { oddText } from "../odd-text.js";
import { findConfigProblems } from "./discovery-rules.js";

const names = { name: "Greenhouse", version: "0.2.0", model: "qwen-0.5b", pageUrl: "http://10.0.0.7:7420/" };
const parts = { topics: agentTopics("shed"), names, triggers: ["dry-bed", "night"], asks: true };

/** The config as Home Assistant reads it. */
const sent = (more = {}) => JSON.parse(JSON.stringify(deviceConfig({ ...parts, ...more })));

describe("the config of a device", () => {
  test("has what Home Assistant's schemas allow, and everything that they require", () => {
    expect(findConfigProblems(sent())).toEqual([]);
  });

  test("describes the agent", () => {
    expect(sent()).toMatchObject({
      device: {
        identifiers: ["nanoagent_shed"],
        name: "Greenhouse",
        manufacturer: "nanoagent",
        model: "qwen-0.5b",
        sw_version: "0.2.0",
        configuration_url: "http://10.0.0.7:7420/",
      },
      origin: { name: "nanoagent", sw_version: "0.2.0" },
      availability_topic: "nanoagent/shed/status",
    });
  });

  test("has an entity for everything that people see or press", () => {
    const { components } = sent();
    const platforms = Object.entries<{ platform: string }>(components).map(([key, { platform }]) => [key, platform]);
    expect(Object.fromEntries(platforms)).toEqual({
      state: "sensor",
      last_answer: "sensor",
      memory: "sensor",
      speed: "sensor",
      temperature: "sensor",
      problem: "binary_sensor",
      ask: "text",
      act: "event",
      "run_dry-bed": "button",
      run_night: "button",
    });
    expect(components["run_dry-bed"].command_topic).toBe("nanoagent/shed/trigger/dry-bed/run");
    expect(components.ask).toMatchObject({ command_topic: "nanoagent/shed/ask", max: 255 });
    expect(components.act.event_types).toEqual([
      "done",
      "failed",
      "unknown",
      "skipped",
      "replaced",
      "expired",
      "dropped",
    ]);
  });

  test("keeps its ids when the agent gets another name or model", () => {
    const ids = (config: { components: Record<string, { unique_id: string }> }) =>
      Object.values(config.components).map(({ unique_id }) => unique_id);
    expect(ids(sent({ names: { ...names, name: "Other", model: null } }))).toEqual(ids(sent()));
    expect(ids(sent({ topics: agentTopics("other") }))).not.toContain(ids(sent())[0]);
  });

  test("omits an address that a browser cannot open, and a model that is not known", () => {
    for (const pageUrl of [null, "file:///etc/passwd", "http://", "javascript:alert(1)"]) {
      const { device } = sent({ names: { ...names, pageUrl, model: null } });
      expect(Object.keys(device)).toEqual(["identifiers", "name", "manufacturer", "sw_version"]);
    }
  });

  test("fits the schemas for every ID, name and trigger", () => {
    const text = oddText(300);
    const trigger = fc.constantFrom("a", "0", "dry-bed", "dry_bed", "constructor", "z".repeat(64));
    fc.assert(
      fc.property(text, text, fc.uniqueArray(trigger, { maxLength: 10 }), fc.boolean(), (id, name, triggers, asks) => {
        const config = sent({
          topics: agentTopics(agentIdOf(id)),
          names: { ...names, name, model: name },
          triggers,
          asks,
        });
        expect(findConfigProblems(config)).toEqual([]);
        expect(readComponents(new TextEncoder().encode(JSON.stringify(config)))?.size).toBe(
          Object.keys(config.components).length,
        );
      }),
    );
  });
});

describe("a config that the broker keeps", () => {
  const read = (value: unknown) =>
    readComponents(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
  const origin = { name: "nanoagent" };

  test("has its entities", () => {
    expect(read(sent())?.get("run_night")).toBe("button");
  });

  test.each([
    ["", null],
    ["{", null],
    ["[]", null],
    ["null", null],
    [{ origin: { name: "zigbee2mqtt" }, components: {} }, null],
    [{ origin, components: [] }, []],
    [{ origin, components: { a: 1, "b c": { platform: "button" }, d: { platform: "x-y" }, e: null } }, []],
    [{ origin, components: { run_a: { platform: "button", x: 1 } } }, [["run_a", "button"]]],
  ])("is read with care: %j", (value, expected) => {
    const found = read(value);
    expect(found && [...found]).toEqual(expected);
  });

  test("is read within limits", () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`run_${n}`, { platform: "button" }]));
    expect(read({ origin, components: many })?.size).toBe(1000);
    expect(read({ origin, components: {}, more: "x".repeat(300_000) })).toBeNull();
    fc.assert(fc.property(fc.uint8Array(), (bytes) => readComponents(bytes) === null));
  });
});
