import { spawn, spawnSync } from "node:child_process";
import { afterEach, describe, expect, test, vi } from "vitest";
import { agentTopics, OFFLINE } from "../../src/mqtt/agent-topics.js";
import { BrokerBridge } from "../../src/mqtt/broker-bridge.js";
import { type BrokerConnection, openBroker } from "../../src/mqtt/open-broker.js";
import { FakeBridgedAgent } from "./fake-bridged-agent.js";
import { EntityRegistry } from "./home-assistant/entity-registry.js";
import { hasMosquitto, Mosquitto } from "./mosquitto.js";
import { shortTimes } from "./opened-broker.js";

const topics = agentTopics("shed");
const CONFIG = "homeassistant/device/shed/config";
const patience = { timeout: 20_000 };

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startBroker(): Promise<Mosquitto> {
  const mosquitto = await Mosquitto.start();
  closing.push(() => mosquitto[Symbol.asyncDispose]());
  return mosquitto;
}

async function openBridge(
  mosquitto: Mosquitto,
  { protocol = "5" as "5" | "3.1.1", discovery = true, triggers = ["dry-bed"] } = {},
) {
  const agent = new FakeBridgedAgent();
  agent.triggers = triggers.map((name) => ({ name }));
  const notices: string[] = [];
  const note = ({ message }: { message: string }) => void notices.push(message);
  const broker = await openBroker({ url: mosquitto.url, client_id: "shed", protocol }, {
    configFolder: "/",
    environment: {},
    will: { topic: topics.status, payload: OFFLINE, retain: true },
    onNotice: note,
    times: shortTimes,
  } as Parameters<typeof openBroker>[1]);
  const bridge = new BrokerBridge({
    broker,
    topics,
    agent,
    asks: true,
    discovery: discovery && { prefix: "homeassistant" },
    onNotice: note,
    random: () => 0,
  });
  const close = async () => {
    await bridge.close();
    await broker.close();
  };
  closing.push(close);
  broker.ready();
  await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
  return { agent, broker, bridge, notices, close };
}

/** A client of mosquitto's that prints the messages of a filter. */
function listen(mosquitto: Mosquitto, filter: string) {
  const format = "%r %t %p";
  const child = spawn("mosquitto_sub", ["-p", String(mosquitto.port), "-q", "1", "-t", filter, "-F", format]);
  closing.push(() => void child.kill());
  let text = "";
  child.stdout.on("data", (bytes) => {
    text += bytes;
  });
  const messages = () =>
    text
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const [, retain, topic = "", payload = ""] = /^([01]) (\S+) (.*)$/s.exec(line) ?? [];
        return { retain: retain === "1", topic, text: payload };
      });
  return messages;
}

function publish(mosquitto: Mosquitto, topic: string, payload: string, more: string[] = []): void {
  spawnSync("mosquitto_pub", ["-p", String(mosquitto.port), "-q", "1", "-t", topic, "-m", payload, ...more]);
}

/** The retained payload of a topic, or null where none comes. */
function retained(mosquitto: Mosquitto, topic: string): string | null {
  const command = ["-p", String(mosquitto.port), "-t", topic, "-C", "1", "-W", "1"];
  const { stdout } = spawnSync("mosquitto_sub", command, { encoding: "utf8" });
  return stdout === "" ? null : stdout.trimEnd();
}

const settled = (broker: BrokerConnection) => vi.waitFor(() => expect(broker.waitingMessages).toBe(0), patience);

describe.skipIf(!hasMosquitto)("a bridge over mosquitto (packages mosquitto and mosquitto-clients)", () => {
  test.each(["5", "3.1.1"] as const)(
    "answers texts and shows itself to Home Assistant, with MQTT %s",
    async (protocol) => {
      const mosquitto = await startBroker();
      const all = listen(mosquitto, "#");
      const { agent, notices } = await openBridge(mosquitto, { protocol });
      await vi.waitFor(() => expect(all().map(({ topic }) => topic)).toContain(CONFIG), patience);
      publish(mosquitto, topics.ask, "how warm?");
      publish(mosquitto, topics.run("dry-bed"), "PRESS");
      await vi.waitFor(() => expect(all().map(({ topic }) => topic)).toContain(topics.lastAnswer), patience);
      expect(all().find(({ topic }) => topic === topics.answer)?.text).toBe('{"id":null,"text":"HOW WARM?"}');
      expect(agent.runs).toEqual(["dry-bed"]);
      const registry = new EntityRegistry();
      for (const message of all()) registry.receive(message);
      expect(registry.problems).toEqual([]);
      expect(registry.keys).toContain("run_dry-bed");
      expect(retained(mosquitto, topics.status)).toBe("online");
      expect(JSON.parse(retained(mosquitto, topics.state) ?? "")).toMatchObject({ state: "ready" });
      expect(notices.filter((notice) => !notice.startsWith("Connected"))).toEqual([]);
    },
  );

  test("answers at the response topic with the correlation data", async () => {
    const mosquitto = await startBroker();
    await openBridge(mosquitto);
    const request = ["-V", "mqttv5", "-p", String(mosquitto.port), "-t", topics.ask, "-e", "replies/me", "-W", "20"];
    const message = ["-D", "publish", "correlation-data", "c-7", "-m", '{"text": "hi", "id": 7}', "-F", "%D %p"];
    const asked = spawn("mosquitto_rr", [...request, ...message]);
    let text = "";
    asked.stdout.on("data", (bytes) => {
      text += bytes;
    });
    await new Promise((resolve) => asked.once("exit", resolve));
    expect(text.trim()).toBe('c-7 {"id":7,"text":"HI"}');
  });

  test("removes the button of a deleted trigger after a restart, and the device without discovery", async () => {
    const mosquitto = await startBroker();
    const all = listen(mosquitto, "homeassistant/#");
    const registry = () => {
      const home = new EntityRegistry();
      for (const message of all()) home.receive(message);
      return home;
    };
    const first = await openBridge(mosquitto, { triggers: ["dry-bed", "night"] });
    await vi.waitFor(() => expect(registry().keys).toContain("run_night"), patience);
    await settled(first.broker);
    await first.close();
    expect(retained(mosquitto, topics.status)).toBe("offline");
    const second = await openBridge(mosquitto);
    await vi.waitFor(() => expect(registry().keys).not.toContain("run_night"), patience);
    expect(registry().keys).toContain("run_dry-bed");
    await settled(second.broker);
    await second.close();
    await openBridge(mosquitto, { discovery: false });
    await vi.waitFor(() => expect(registry().keys).toEqual([]), patience);
    expect(retained(mosquitto, CONFIG)).toBeNull();
  });

  test("is online again after the broker was killed and has forgotten everything", async () => {
    const mosquitto = await startBroker();
    const { broker } = await openBridge(mosquitto);
    await vi.waitFor(() => expect(retained(mosquitto, CONFIG)).not.toBeNull(), patience);
    await mosquitto.end("SIGKILL");
    await vi.waitFor(() => expect(broker.isConnected).toBe(false), patience);
    await mosquitto.startAgain();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    await vi.waitFor(() => expect(retained(mosquitto, topics.status)).toBe("online"), patience);
    await vi.waitFor(() => expect(retained(mosquitto, CONFIG)).not.toBeNull(), patience);
    publish(mosquitto, "homeassistant/status", "online");
    await settled(broker);
  });

  test("asks that the broker kept as retained get no answer", async () => {
    const mosquitto = await startBroker();
    publish(mosquitto, topics.ask, "old", ["-r"]);
    const { agent } = await openBridge(mosquitto);
    publish(mosquitto, topics.ask, "new");
    await vi.waitFor(() => expect(agent.asked.map(({ text }) => text)).toContain("new"), patience);
    expect(agent.asked).toHaveLength(1);
  });
});
