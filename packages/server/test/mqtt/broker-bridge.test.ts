import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { agentTopics } from "../../src/mqtt/agent-topics.js";
import { type BridgeParts, BrokerBridge } from "../../src/mqtt/broker-bridge.js";
import { FakeBridgedAgent } from "./fake-bridged-agent.js";
import { MemoryBroker } from "./memory-broker.js";

const topics = agentTopics("shed");
const CONFIG = "homeassistant/device/shed/config";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-06-01T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

function open(parts: Partial<BridgeParts> = {}) {
  const broker = new MemoryBroker();
  const agent = new FakeBridgedAgent();
  const notices: string[] = [];
  const bridge = new BrokerBridge({
    broker,
    agent,
    topics,
    asks: true,
    discovery: { prefix: "homeassistant" },
    onNotice: ({ message }) => notices.push(message),
    random: () => 0.5,
    ...parts,
  });
  return { broker, agent, bridge, notices };
}

describe("a bridge", () => {
  test("publishes status and state at every connection", async () => {
    const { broker } = open();
    await settle();
    expect(broker.published).toEqual([]);
    broker.connect();
    await settle();
    expect(broker.textsOf(topics.status)).toEqual(["online"]);
    expect(broker.jsonOf(topics.state)).toEqual([
      { state: "ready", problem: null, memory_mb: 300, tokens_per_second: 8, temperature_celsius: 51 },
    ]);
    // The broker's will.
    broker.disconnect();
    broker.retained.set(topics.status, "offline");
    await vi.advanceTimersByTimeAsync(60_000);
    broker.connect();
    await settle();
    expect(broker.retained.get(topics.status)).toBe("online");
    expect(broker.textsOf(topics.state)).toHaveLength(2);
  });

  test("publishes the state when it changes, at most every five seconds", async () => {
    const { broker, agent } = open();
    broker.connect();
    await vi.advanceTimersByTimeAsync(5000);
    for (let turn = 0; turn < 20; turn += 1) {
      agent.change({ state: "busy" });
      await vi.advanceTimersByTimeAsync(250);
      agent.change({ state: "ready" });
      await vi.advanceTimersByTimeAsync(250);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    const states = broker.jsonOf(topics.state);
    expect(states.length).toBeLessThanOrEqual(4);
    expect(states.at(-1)).toMatchObject({ state: "ready" });
    agent.change({ state: "degraded", problem: "The session is not saved." });
    await settle();
    expect(JSON.parse(broker.retained.get(topics.state) ?? "")).toMatchObject({
      state: "degraded",
      problem: "The session is not saved.",
    });
  });

  test("looks once a minute at figures that change by themselves", async () => {
    const { broker, agent } = open();
    broker.connect();
    await settle();
    agent.current = { ...agent.current, memoryBytes: 400 * 2 ** 20, temperatureCelsius: null, tokensPerSecond: null };
    await vi.advanceTimersByTimeAsync(60_000);
    expect(broker.jsonOf(topics.state).at(-1)).toMatchObject({
      memory_mb: 400,
      tokens_per_second: null,
      temperature_celsius: null,
    });
    const count = broker.published.length;
    agent.current = { ...agent.current, memoryBytes: 400 * 2 ** 20 + 1000 };
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(broker.published).toHaveLength(count);
  });

  test("runs a trigger for each message, and acknowledges it when the event is kept", async () => {
    const { broker, agent } = open();
    broker.connect();
    let keep = () => {};
    agent.onRun = () =>
      new Promise((resolve) => {
        keep = resolve;
      });
    let isAcknowledged = false;
    const sent = broker.send(topics.run("dry-bed"), "PRESS").then(() => {
      isAcknowledged = true;
    });
    await settle();
    expect(agent.runs).toEqual(["dry-bed"]);
    expect(isAcknowledged).toBe(false);
    keep();
    await sent;
    agent.onRun = () => Promise.reject(new Error("full"));
    await expect(broker.send(topics.run("dry-bed"), "")).rejects.toThrow("full");
  });

  test("runs a trigger with the payload of the message", async () => {
    const { broker, agent } = open();
    broker.connect();
    for (const payload of ["", "PRESS", '{"bed": "north"}', "press", "21.5"]) {
      await broker.send(topics.run("dry-bed"), payload);
    }
    expect(agent.payloads).toEqual([null, null, '{"bed": "north"}', "press", "21.5"]);
  });

  test("tells a sender with correlation data which event a run became, also if it did not run", async () => {
    const { broker, agent } = open();
    broker.connect();
    const correlationData = new TextEncoder().encode("c-1");
    await broker.send(topics.run("dry-bed"), "", { correlationData });
    agent.event = null;
    await broker.send(topics.run("dry-bed"), "", { correlationData });
    await broker.send(topics.run("gone"), "", { correlationData });
    // Nobody could use these.
    await broker.send(topics.run("dry-bed"), "");
    for (const bytes of [new Uint8Array(0), new Uint8Array([0xff]), new Uint8Array(129)])
      await broker.send(topics.run("dry-bed"), "", { correlationData: bytes });
    await settle();
    const correlation = "c-1";
    expect(broker.jsonOf(topics.accepted)).toEqual([
      { trigger: "dry-bed", event: "e-1", correlation },
      { trigger: "dry-bed", event: null, correlation },
      { trigger: "gone", event: null, correlation },
    ]);
  });

  test("ignores retained runs, and tells of triggers that do not exist", async () => {
    const { broker, agent, notices } = open();
    broker.connect();
    await broker.send(topics.run("dry-bed"), "PRESS", { retain: true });
    await broker.send(topics.run("gone"), "PRESS");
    expect(agent.runs).toEqual([]);
    expect(notices).toEqual([expect.stringContaining("nanoagent/shed/trigger/gone/run")]);
  });

  test("shows the last answer of a trigger or to a plain question", async () => {
    const { broker, agent } = open();
    broker.connect();
    agent.tellAnswer({ trigger: "dry-bed", text: "Watered.", at: Date.now() });
    await settle();
    await broker.send(topics.ask, "and now?");
    await broker.send(topics.ask, '{"text": "private", "id": 1}');
    await vi.advanceTimersByTimeAsync(1000);
    expect(broker.jsonOf(topics.lastAnswer)).toEqual([
      { text: "Watered.", trigger: "dry-bed", at: "2026-06-01T12:00:00.000Z" },
      { text: "AND NOW?", trigger: null, at: "2026-06-01T12:00:00.000Z" },
    ]);
    expect(broker.retained.get(topics.lastAnswer)).toContain("AND NOW?");
    agent.tellAnswer({ trigger: "dry-bed", text: "😀".repeat(5000), at: Date.now() });
    await vi.advanceTimersByTimeAsync(1000);
    const last = broker.textsOf(topics.lastAnswer).at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ is_cut: true });
    // Home Assistant records attributes of at most 16 KB.
    expect(Buffer.byteLength(last)).toBeLessThan(16_384);
  });

  test("publishes an event for each act, in order and not retained", async () => {
    const { broker, agent } = open();
    const acts = (["done", "failed"] as const).map((outcome) => ({
      trigger: "dry-bed",
      event: "e1",
      outcome,
      text: "x".repeat(3000),
      at: 0,
    }));
    // Events wait for the connection.
    for (const act of acts) agent.tellAct(act);
    broker.connect();
    await settle();
    expect(broker.jsonOf(topics.event)).toEqual(
      acts.map(({ outcome, text }) => ({
        event_type: outcome,
        trigger: "dry-bed",
        event: "e1",
        text: text.slice(0, 1000),
        at: "1970-01-01T00:00:00.000Z",
      })),
    );
    expect(broker.retained.has(topics.event)).toBe(false);
  });

  test("keeps at most 64 events while the broker cannot be reached", async () => {
    const { broker, agent, notices } = open();
    const act = { trigger: "dry-bed", event: "e", outcome: "done", text: "", at: 0 } as const;
    for (let event = 0; event < 200; event += 1) agent.tellAct(act);
    expect(notices).toHaveLength(1);
    broker.connect();
    await settle();
    expect(broker.textsOf(topics.event)).toHaveLength(64);
    agent.tellAct(act);
    await settle();
    expect(broker.textsOf(topics.event)).toHaveLength(65);
  });

  test("publishes everything again after Home Assistant's start", async () => {
    const { broker } = open();
    broker.connect();
    await vi.advanceTimersByTimeAsync(10_000);
    const count = (topic: string) => broker.textsOf(topic).length;
    expect([count(CONFIG), count(topics.state), count(topics.status)]).toEqual([1, 1, 1]);
    await broker.send("homeassistant/status", "offline");
    await broker.send("homeassistant/status", "online");
    await broker.send("homeassistant/status", "online");
    await vi.advanceTimersByTimeAsync(4999);
    expect(count(CONFIG)).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect([count(CONFIG), count(topics.state), count(topics.status)]).toEqual([2, 2, 2]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count(CONFIG)).toBe(2);
  });

  test("asks for nothing without `ask`", async () => {
    const { broker, agent } = open({ asks: false });
    broker.connect();
    await broker.send(topics.ask, "hi");
    expect(agent.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(Object.keys(JSON.parse(broker.retained.get(CONFIG) ?? "").components)).not.toContain("ask");
  });

  test("removes its device from Home Assistant without discovery", async () => {
    const first = open();
    first.broker.connect();
    await vi.advanceTimersByTimeAsync(5000);
    const config = first.broker.retained.get(CONFIG) ?? "";
    const { broker } = open({ discovery: false });
    broker.retained.set(CONFIG, config);
    broker.connect();
    await vi.advanceTimersByTimeAsync(5000);
    expect(broker.textsOf(CONFIG)).toEqual([""]);
    expect(broker.retained.has(CONFIG)).toBe(false);
  });

  test("leaves the devices of other programs alone", async () => {
    const { broker } = open({ discovery: false });
    broker.retained.set(CONFIG, JSON.stringify({ origin: { name: "other" }, components: {} }));
    broker.connect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(broker.textsOf(CONFIG)).toEqual([]);
  });

  test("says `offline` at its end, and then nothing", async () => {
    const { broker, agent, bridge } = open();
    broker.connect();
    await vi.advanceTimersByTimeAsync(5000);
    await bridge.close();
    await bridge.close();
    expect(broker.published.at(-1)).toMatchObject({ topic: topics.status, text: "offline", retain: true });
    expect(broker.filters).toEqual([]);
    expect(agent.listeners).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    const count = broker.published.length;
    broker.disconnect();
    broker.connect();
    agent.change({ state: "busy" });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(broker.published).toHaveLength(count);
  });

  test("ends although the broker does not answer", async () => {
    const { broker, bridge, notices } = open();
    broker.connect();
    broker.hold();
    await broker.send(topics.ask, "hi");
    const closed = bridge.close();
    await vi.advanceTimersByTimeAsync(3000);
    await closed;
    expect(notices).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
