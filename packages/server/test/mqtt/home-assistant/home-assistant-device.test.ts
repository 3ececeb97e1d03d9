import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { agentTopics } from "../../../src/mqtt/agent-topics.js";
import { HomeAssistantDevice } from "../../../src/mqtt/home-assistant/home-assistant-device.js";
import { FakeBridgedAgent } from "../fake-bridged-agent.js";
import { MemoryBroker } from "../memory-broker.js";
import { EntityRegistry } from "./entity-registry.js";

const topics = agentTopics("shed");
const CONFIG = "homeassistant/device/shed/config";
const OWN = ["act", "ask", "last_answer", "memory", "problem", "speed", "state", "temperature"];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open({
  broker = new MemoryBroker(),
  registry = new EntityRegistry(),
  triggers = ["dry-bed"],
  prefix = "homeassistant",
} = {}) {
  const agent = new FakeBridgedAgent();
  agent.triggers = triggers.map((name) => ({ name }));
  broker.onPublished = registry.receive;
  const notices: string[] = [];
  let births = 0;
  const device = new HomeAssistantDevice({
    broker,
    topics,
    agent,
    prefix,
    asks: true,
    onBirth: () => {
      births += 1;
    },
    onNotice: ({ message }) => notices.push(message),
    random: () => 0.99,
  });
  return { broker, registry, agent, device, notices, births: () => births };
}

const wait = (milliseconds = 5000) => vi.advanceTimersByTimeAsync(milliseconds);

describe("the device in Home Assistant", () => {
  test("appears after the first connection, and is announced at every further one", async () => {
    const { broker, registry } = open();
    await wait();
    expect(broker.published).toEqual([]);
    broker.connect();
    await wait();
    expect(registry.keys).toEqual([...OWN, "run_dry-bed"].sort());
    expect(registry.problems).toEqual([]);
    expect(broker.published).toMatchObject([{ topic: CONFIG, retain: true }]);
    broker.disconnect();
    broker.retained.clear();
    broker.connect();
    await wait();
    expect(broker.retained.has(CONFIG)).toBe(true);
    expect(broker.published).toHaveLength(2);
  });

  test("loses the button of a trigger that was deleted while the agent was off", async () => {
    const first = open({ triggers: ["dry-bed", "night"] });
    first.broker.connect();
    await wait();
    first.device.close();
    const { broker, registry } = open({ broker: first.broker, registry: first.registry });
    await wait();
    expect(registry.keys).toEqual([...OWN, "run_dry-bed"].sort());
    expect(registry.problems).toEqual([]);
    const [, removal, last] = broker.jsonOf(CONFIG);
    expect(removal?.components).toMatchObject({ run_night: { platform: "button" } });
    expect(last?.components).not.toHaveProperty("run_night");
    expect(broker.textsOf(CONFIG)).toHaveLength(3);
  });

  test("loses the button after a kill between the two messages, too", async () => {
    const first = open({ triggers: ["dry-bed", "night"] });
    first.broker.connect();
    await wait();
    first.device.close();
    const second = open({ broker: first.broker, registry: first.registry });
    // Home Assistant misses the removal, and the agent is gone before it sends the last config.
    second.broker.onPublished = () => second.device.close();
    await wait();
    const third = open({ broker: first.broker, registry: first.registry });
    await wait();
    expect(third.registry.keys).toEqual([...OWN, "run_dry-bed"].sort());
  });

  test("follows the triggers and the names while it runs", async () => {
    const { broker, registry, agent, device } = open();
    broker.connect();
    await wait();
    agent.triggers = [{ name: "night" }];
    device.update();
    await wait(0);
    expect(registry.keys).toEqual([...OWN, "run_night"].sort());
    device.update();
    await wait();
    expect(broker.textsOf(CONFIG)).toHaveLength(3);
    agent.names = { ...agent.names, version: "0.3.0" };
    device.update();
    await wait(0);
    expect(broker.jsonOf(CONFIG).at(-1)).toMatchObject({ device: { sw_version: "0.3.0" } });
  });

  test("is announced once more after changes during an announcement", async () => {
    const { broker, registry, agent, device } = open();
    broker.connect();
    broker.hold();
    await wait();
    agent.triggers = [{ name: "night" }];
    device.update();
    agent.triggers = [{ name: "day" }];
    device.update();
    broker.release();
    await wait();
    expect(registry.keys).toEqual([...OWN, "run_day"].sort());
    expect(broker.textsOf(CONFIG)).toHaveLength(3);
  });

  test("waits up to ten seconds after Home Assistant's start", async () => {
    const { broker, births } = open();
    broker.connect();
    await wait();
    await broker.send("homeassistant/status", "online", { retain: true });
    await wait(20_000);
    expect(broker.textsOf(CONFIG)).toHaveLength(1);
    await broker.send("homeassistant/status", "online");
    await wait(9899);
    expect(broker.textsOf(CONFIG)).toHaveLength(1);
    await wait(1);
    expect(broker.textsOf(CONFIG)).toHaveLength(2);
    expect(births()).toBe(1);
  });

  test("may have another prefix", async () => {
    const { broker, registry } = open({ prefix: "ha/discovery", registry: new EntityRegistry("ha/discovery") });
    broker.connect();
    await wait();
    expect(registry.keys).toContain("run_dry-bed");
    await broker.send("ha/discovery/status", "online");
    await broker.send("homeassistant/status", "online");
    await wait(10_000);
    expect(broker.textsOf("ha/discovery/device/shed/config")).toHaveLength(2);
  });

  test("ignores a config that somebody else wrote there", async () => {
    const broker = new MemoryBroker();
    broker.retained.set(CONFIG, JSON.stringify({ origin: { name: "x" }, components: { gate: { platform: "cover" } } }));
    const { registry } = open({ broker });
    broker.connect();
    await wait();
    expect(broker.textsOf(CONFIG)).toHaveLength(1);
    expect(registry.keys).not.toContain("gate");
  });

  test("causes a notice where the broker refuses its config, and is tried again", async () => {
    const { broker, registry, device, notices } = open();
    broker.refused.add(CONFIG);
    broker.connect();
    await wait();
    expect(notices).toEqual([expect.stringContaining(CONFIG)]);
    broker.refused.clear();
    device.update();
    await wait(0);
    expect(registry.keys).toContain("state");
  });

  test("leaves nothing behind when it closes", async () => {
    const { broker, device } = open();
    broker.connect();
    device.close();
    await wait();
    expect(broker.filters).toEqual([]);
    expect(broker.published).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
