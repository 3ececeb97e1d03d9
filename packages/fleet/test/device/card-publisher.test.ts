import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AgentCard } from "../../src/card/agent-card.js";
import type { CardFacts } from "../../src/card/make-card.js";
import { CardPublisher } from "../../src/device/card-publisher.js";
import { plan } from "../card/card-parts.js";
import { FakeSeat, lookOnlyAgent, plainConfig } from "./fake-seat.js";

const device = { ...plainConfig.device, has_gpu: false };
const facts: CardFacts = { device, measurement: null, config_sha256: null, bundle: null, takes_updates: false };

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-30T09:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

function open(readFacts: () => Promise<CardFacts> = async () => facts) {
  const seat = new FakeSeat();
  const publisher = new CardPublisher(seat, { settings: { site: "berlin" }, readFacts });
  const cards = () => seat.broker.jsonOf(seat.topics.card) as unknown as AgentCard[];
  return { seat, publisher, cards };
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe("CardPublisher", () => {
  test("publishes the card at the first connection, retained", async () => {
    const { seat, cards } = open();
    await pass(10_000);
    expect(seat.looks).toBe(0);
    seat.broker.connect();
    await pass(0);
    expect(seat.broker.published).toMatchObject([
      { topic: "nanoagent/kiosk-1/status", text: "online", retain: true },
      { topic: "nanoagent/kiosk-1/card", retain: true },
    ]);
    expect(cards()).toMatchObject([{ id: "kiosk-1", site: "berlin", at: "2026-11-30T09:00:10.000Z" }]);
  });

  test("publishes nothing while the card stays the same", async () => {
    const { seat, cards } = open();
    seat.broker.connect();
    for (let minute = 0; minute < 60; minute++) {
      seat.changed();
      await pass(60_000);
    }
    expect(cards()).toHaveLength(1);
    expect(seat.broker.published).toHaveLength(2);
  });

  test("publishes the same card after a reconnection, with the same time", async () => {
    const { seat, cards } = open();
    seat.broker.connect();
    await pass(60_000);
    seat.broker.disconnect();
    seat.broker.connect();
    await pass(0);
    const [first, second] = cards();
    expect(second).toEqual(first);
  });

  test("publishes changes, not faster than every five seconds", async () => {
    const { seat, cards } = open();
    seat.broker.connect();
    await pass(0);
    seat.reasons = [{ code: "trigger-failing", message: "A sentence with details." }];
    for (let turn = 0; turn < 100; turn++) {
      seat.changed();
      await pass(10);
    }
    await pass(10_000);
    expect(seat.looks).toBeLessThan(5);
    expect(cards().map(({ health }) => health)).toEqual([
      { status: "ok", reasons: [] },
      { status: "degraded", reasons: ["trigger-failing"] },
    ]);
    expect(cards()[1]?.at).toBe("2026-11-30T09:00:05.000Z");
  });

  test("publishes a change with the status, which somebody may have cleared with the card", async () => {
    const { seat, cards } = open();
    seat.broker.connect();
    await pass(10_000);
    seat.broker.retained.clear();
    seat.reasons = [{ code: "trigger-failing", message: "" }];
    seat.changed();
    await pass(0);
    expect(cards()).toHaveLength(2);
    expect([...seat.broker.retained.keys()]).toEqual([seat.topics.status, seat.topics.card]);
    expect(seat.broker.retained.get(seat.topics.status)).toBe("online");
  });

  test("publishes no status after its end", async () => {
    const { seat, publisher } = open();
    seat.broker.connect();
    await pass(0);
    seat.reasons = [{ code: "trigger-failing", message: "" }];
    seat.changed();
    await pass(1000);
    publisher.close();
    seat.broker.retained.set(seat.topics.status, "offline");
    await pass(60_000);
    expect(seat.broker.retained.get(seat.topics.status)).toBe("offline");
  });

  test("reads the facts of the program once for each agent", async () => {
    let sequence = 1;
    const readFacts = vi.fn(async () => ({ ...facts, bundle: { name: "kiosk", version: "1", sequence: sequence++ } }));
    const { seat, cards } = open(readFacts);
    seat.broker.connect();
    await pass(10_000);
    seat.changed();
    await pass(10_000);
    expect(readFacts).toHaveBeenCalledTimes(1);
    seat.served = lookOnlyAgent({ spec: { name: "kiosk of the hall" } });
    seat.changed();
    await pass(10_000);
    expect(cards().map(({ agent, bundle }) => [agent.name, bundle?.sequence])).toEqual([
      ["kiosk", 1],
      ["kiosk of the hall", 2],
    ]);
  });

  test("shows the plan of a local model, also while its agent is being replaced", async () => {
    const { seat, cards } = open();
    const agent = lookOnlyAgent({ model_path: "/srv/tiny.gguf" }, { name: "llama", contextTokens: 512 });
    let isOpen = true;
    Object.assign(agent, {
      memory: async () => {
        if (!isOpen) throw new Error("not loaded");
        return { engine: { plan } };
      },
    });
    seat.served = agent;
    seat.broker.connect();
    await pass(10_000);
    isOpen = false;
    seat.reasons = [{ code: "reloading", message: "" }];
    seat.changed();
    await pass(10_000);
    expect(cards().map(({ model }) => model?.plan?.model_path)).toEqual(["tiny-q4.gguf", "tiny-q4.gguf"]);
  });

  test("says nothing of a service that stops", async () => {
    const { seat, cards } = open();
    seat.broker.connect();
    await pass(10_000);
    seat.reasons = [{ code: "stopping", message: "" }];
    seat.changed();
    await pass(10_000);
    expect(cards()).toHaveLength(1);
  });

  test("says why the card cannot be made, and tries again", async () => {
    let isBroken = true;
    const { seat, cards } = open(async () => {
      if (isBroken) throw new Error("the disk is gone");
      return facts;
    });
    seat.broker.connect();
    await pass(10_000);
    seat.changed();
    await pass(10_000);
    expect(seat.notices).toEqual([
      "The card of this agent cannot be made now: the disk is gone. It is tried again at the next change.",
    ]);
    isBroken = false;
    seat.changed();
    await pass(10_000);
    expect(cards()).toHaveLength(1);
  });

  test("says what a card lacks that would be too large", async () => {
    const seat = new FakeSeat();
    const labels = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`${index}`, "€".repeat(200)]));
    new CardPublisher(seat, { settings: { labels }, readFacts: async () => facts });
    seat.broker.connect();
    await pass(10_000);
    expect(seat.notices).toEqual([
      "The card of this agent lacks details of the device, the measurement of the device, the plan of the model, the tools, " +
        "the capabilities, the labels, because it would have more than 96 KB otherwise. Use fewer labels, tools or capabilities.",
    ]);
  });

  test("ends with its connection", async () => {
    const { seat, publisher } = open();
    publisher.close();
    seat.broker.connect();
    seat.changed();
    await pass(10_000);
    expect(seat.broker.published).toEqual([]);
    expect(seat.listeners.size).toBe(0);
  });

  test("ends during a look", async () => {
    const { seat, publisher } = open();
    seat.broker.connect();
    publisher.close();
    await pass(10_000);
    expect(seat.broker.published).toEqual([]);
  });
});
