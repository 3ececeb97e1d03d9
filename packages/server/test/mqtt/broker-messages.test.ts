import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { MAX_PACKET_BYTES } from "../../src/mqtt/packet-reader.js";
import { FakeBroker } from "./fake-broker.js";
import { connected, gate, openForTest, patience, textOf } from "./opened-broker.js";

describe("messages", () => {
  test("are handed over at the same time and acknowledged in order", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const gates = [gate(), gate(), gate()];
    const texts: string[] = [];
    broker.subscribe("a/#", async (message) => {
      const { promise } = gates[texts.push(textOf(message)) - 1] as ReturnType<typeof gate>;
      await promise;
    });
    broker.ready();
    const link = await connected(fake);
    for (const messageId of [5, 6, 7]) link.message("a/b", `m${messageId}`, { messageId });
    await vi.waitFor(() => expect(texts).toEqual(["m5", "m6", "m7"]), patience);
    gates[2]?.open();
    gates[1]?.open();
    await broker.publish("c", "later");
    expect(link.of("puback")).toEqual([]);
    gates[0]?.open();
    await vi.waitFor(() => expect(link.of("puback").map(({ messageId }) => messageId)).toEqual([5, 6, 7]), patience);
  });

  test("that are not taken are handed over again before others are acknowledged", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const texts: string[] = [];
    broker.subscribe("a", async (message) => {
      texts.push(textOf(message));
      if (textOf(message) === "first" && texts.length < 6) throw new Error("The queue is full.");
    });
    broker.ready();
    const link = await connected(fake);
    link.message("a", "first", { messageId: 1 });
    link.message("a", "second", { messageId: 2 });
    await vi.waitFor(() => expect(link.of("puback").map(({ messageId }) => messageId)).toEqual([1, 2]), patience);
    expect(texts).toEqual(["first", "second", "first", "first", "first", "first"]);
    expect(fake.links).toHaveLength(1);
  });

  test("that were taken are not handed over again when the broker repeats them after a reconnection", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const first = gate();
    const texts: string[] = [];
    broker.subscribe("a", async (message) => {
      texts.push(textOf(message));
      if (textOf(message) === "first") await first.promise;
    });
    broker.ready();
    const link = await connected(fake);
    for (const [place, text] of ["first", "second"].entries()) link.message("a", text, { messageId: place + 1 });
    await vi.waitFor(() => expect(texts).toEqual(["first", "second"]), patience);
    fake.onPacket = (packet, next) => {
      if (packet.cmd !== "connect") return false;
      next.accept(true);
      return true;
    };
    link.socket.destroy();
    const next = await connected(fake, 2);
    next.message("a", "first", { messageId: 1, dup: true });
    next.message("a", "second", { messageId: 2, dup: true });
    // The same number with another content is another message.
    next.message("a", "third", { messageId: 3, dup: true });
    await vi.waitFor(() => expect(texts).toEqual(["first", "second", "third"]), patience);
    expect(next.of("puback")).toEqual([]);
    first.open();
    await vi.waitFor(() => expect(next.of("puback").map(({ messageId }) => messageId)).toEqual([1, 2, 3]), patience);
    expect(texts).toHaveLength(3);
  });

  test("are new if the broker has no session", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const texts: string[] = [];
    broker.subscribe("a", async (message) => {
      texts.push(textOf(message));
      if (texts.length === 1) await new Promise(() => {});
    });
    broker.ready();
    const link = await connected(fake);
    link.message("a", "same", { messageId: 1 });
    await vi.waitFor(() => expect(texts).toHaveLength(1), patience);
    link.socket.destroy();
    (await connected(fake, 2)).message("a", "same", { messageId: 1, dup: true });
    await vi.waitFor(() => expect(fake.link.of("puback")).toHaveLength(1), patience);
    expect(texts).toEqual(["same", "same"]);
  });

  test("beyond the limit stay in the socket", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url, keepalive_seconds: 1 });
    const hold = gate();
    let count = 0;
    broker.subscribe("a", async () => {
      count += 1;
      await hold.promise;
    });
    broker.ready();
    const link = await connected(fake);
    for (let messageId = 1; messageId <= 2000; messageId++) link.message("a", "x", { messageId });
    await vi.waitFor(() => expect(count).toBe(1024), patience);
    // Answers to pings wait behind the messages. The connection is not taken for dead.
    await pause(2000);
    expect(count).toBe(1024);
    expect(fake.links).toHaveLength(1);
    expect(link.of("pingreq").length).toBeGreaterThan(1);
    hold.open();
    await vi.waitFor(() => expect(link.of("puback")).toHaveLength(2000), patience);
    expect(link.of("puback").map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 2000 }, (_, place) => place + 1),
    );
  });

  test("that wait do not hold back the acknowledgement of an own message", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const hold = gate();
    let count = 0;
    broker.subscribe("a", async () => {
      count += 1;
      await hold.promise;
    });
    broker.ready();
    const link = await connected(fake);
    for (let messageId = 1; messageId <= 1000; messageId++) link.message("a", "x".repeat(2000), { messageId });
    await vi.waitFor(() => expect(count).toBe(1000), patience);
    await broker.publish("answers", "yes");
    expect(link.of("puback")).toEqual([]);
    hold.open();
  });

  test("of more bytes than the limit stay in the socket", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const hold = gate();
    let count = 0;
    broker.subscribe("a", async () => {
      count += 1;
      await hold.promise;
    });
    broker.ready();
    const link = await connected(fake);
    for (let messageId = 1; messageId <= 60; messageId++) link.message("a", "x".repeat(128 * 1024), { messageId });
    // 32 of them and their heads have more than 4 MB.
    await vi.waitFor(() => expect(count).toBe(32), patience);
    await pause(200);
    expect(count).toBe(32);
    hold.open();
    await vi.waitFor(() => expect(link.of("puback")).toHaveLength(60), patience);
  });

  test("that are too large are acknowledged, with a notice", async () => {
    await using fake = await FakeBroker.start();
    const { broker, notices } = await openForTest({ url: fake.url });
    const texts: string[] = [];
    const topics: string[] = [];
    const stop = broker.onTooLarge((topic) => topics.push(topic));
    broker.onTooLarge((topic) => void (topic === "b" && stop()));
    broker.subscribe("a", async (message) => void texts.push(textOf(message)));
    broker.ready();
    const link = await connected(fake);
    for (const messageId of [1, 2]) link.message("a", "x".repeat(2 * MAX_PACKET_BYTES), { messageId });
    link.message("b", "x".repeat(2 * MAX_PACKET_BYTES), { messageId: 3 });
    link.message("a", "x".repeat(2 * MAX_PACKET_BYTES), { messageId: 4 });
    link.message("a", "small", { messageId: 5 });
    const acknowledged = () => link.of("puback").map(({ messageId }) => messageId);
    await vi.waitFor(() => expect(acknowledged()).toEqual([1, 2, 3, 4, 5]), patience);
    expect(texts).toEqual(["small"]);
    expect(topics).toEqual(["a", "a", "b"]);
    // One for each topic.
    const messageOf = (topic: string) =>
      `A message to ${topic} was dropped, because it has 513 KB and at most 256 KB are read. Send shorter messages, or use another topic.`;
    expect(notices.slice(1)).toEqual(["a", "b"].map((topic) => ({ level: "warning", message: messageOf(topic) })));
  });

  test("at QoS 2 are confirmed once", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const texts: string[] = [];
    broker.subscribe("a", async (message) => void texts.push(textOf(message)));
    broker.ready();
    const link = await connected(fake);
    link.message("a", "once", { messageId: 9, qos: 2 });
    await vi.waitFor(() => expect(link.of("pubrec")).toHaveLength(1), patience);
    link.message("a", "once", { messageId: 9, qos: 2, dup: true });
    await vi.waitFor(() => expect(link.of("pubrec")).toHaveLength(2), patience);
    link.send({ cmd: "pubrel", messageId: 9, reasonCode: 0 });
    await vi.waitFor(() => expect(link.of("pubcomp")).toMatchObject([{ messageId: 9 }]), patience);
    link.message("a", "again", { messageId: 9, qos: 2 });
    await vi.waitFor(() => expect(texts).toEqual(["once", "again"]), patience);
  });

  test("carry where the reply goes, at MQTT 5", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const messages: unknown[] = [];
    broker.subscribe("ask", async (message) => void messages.push(message));
    broker.ready();
    const link = await connected(fake);
    const properties = { responseTopic: "reply", correlationData: Buffer.from("7") };
    link.message("ask", "how warm is it", { qos: 0, properties });
    await vi.waitFor(() => expect(messages).toHaveLength(1), patience);
    expect(messages[0]).toMatchObject({
      topic: "ask",
      responseTopic: "reply",
      correlationData: Uint8Array.of(55),
      retain: false,
    });
    await broker.publish("reply", "warm", { correlationData: Uint8Array.of(55) });
    expect(link.of("publish")[0]?.properties?.correlationData).toEqual(Buffer.from("7"));
  });
});

describe("subscriptions", () => {
  test("of the same message are one at the broker, and each owner gets it once", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const texts: string[] = [];
    for (const filter of ["garden/+/moisture", "garden/#", "house"])
      broker.subscribe(filter, async (message) => void texts.push(`${filter}: ${textOf(message)}`));
    broker.ready();
    const link = await connected(fake);
    expect(link.of("subscribe").flatMap(({ subscriptions }) => subscriptions)).toMatchObject([
      { topic: "garden/#", qos: 1, rh: 1 },
      { topic: "house", qos: 1, rh: 1 },
    ]);
    link.message("garden/1/moisture", "30");
    await vi.waitFor(() => expect(link.of("puback")).toHaveLength(1), patience);
    expect(texts).toEqual(["garden/+/moisture: 30", "garden/#: 30"]);
  });

  test("come and go while the connection stands", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const end = broker.subscribe("a", async () => {});
    broker.ready();
    const link = await connected(fake);
    broker.subscribe("b", async () => {});
    await vi.waitFor(() => expect(link.of("subscribe")).toHaveLength(2), patience);
    end();
    await vi.waitFor(() => expect(link.of("unsubscribe")).toMatchObject([{ unsubscriptions: ["a"] }]), patience);
    link.socket.destroy();
    const next = await connected(fake, 2);
    expect(next.of("subscribe")).toMatchObject([{ subscriptions: [{ topic: "b" }] }]);
  });

  test("that are kept let messages wait for the next owner", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const end = broker.subscribe("a", async () => {});
    broker.subscribe("b", async () => {})({ keep: true });
    broker.ready();
    const link = await connected(fake);
    expect(link.of("subscribe")).toMatchObject([{ subscriptions: [{ topic: "a" }] }]);
    end({ keep: true });
    link.message("a", "waits");
    await broker.publish("c", "x");
    expect(link.of("puback")).toEqual([]);
    const texts: string[] = [];
    broker.subscribe("a", async (message) => void texts.push(textOf(message)));
    await vi.waitFor(() => expect(link.of("puback")).toHaveLength(1), patience);
    expect(texts).toEqual(["waits"]);
    expect(link.of("unsubscribe")).toEqual([]);
  });

  test("that are kept for nobody end with ready", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    const end = broker.subscribe("a", async () => {});
    broker.ready();
    const link = await connected(fake);
    end({ keep: true });
    link.message("a", "for nobody");
    broker.ready();
    await vi.waitFor(() => expect(link.of("unsubscribe")).toMatchObject([{ unsubscriptions: ["a"] }]), patience);
    await vi.waitFor(() => expect(link.of("puback")).toHaveLength(1), patience);
  });

  test("that are refused are a problem", async () => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd !== "subscribe") return false;
      link.send({ cmd: "suback", messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 0x87) });
      return true;
    };
    const { broker, notices } = await openForTest({ url: fake.url });
    broker.subscribe("secret/#", async () => {});
    broker.ready();
    const problem =
      "The broker refused the subscription to secret/# (code 135); permit it for this user at the broker.";
    await vi.waitFor(() => expect(broker.problem).toBe(problem), patience);
    expect(broker.isConnected).toBe(true);
    expect(notices.at(-1)).toEqual({ level: "warning", message: problem });
  });

  test("say to which topics somebody listens", async () => {
    const { broker } = await openForTest({ url: "mqtt://127.0.0.1:1" });
    const end = broker.subscribe("garden/+/moisture", async () => {});
    broker.subscribe("house/#", async () => {});
    const heard = ["garden/1/moisture", "garden/1", "house", "house/1/2", "$SYS"].filter((topic) =>
      broker.isSubscribedTo(topic),
    );
    expect(heard).toEqual(["garden/1/moisture", "house", "house/1/2"]);
    end();
    expect(broker.isSubscribedTo("garden/1/moisture")).toBe(false);
  });

  test("need a valid filter", async () => {
    const { broker } = await openForTest({ url: "mqtt://127.0.0.1:1" });
    expect(() => broker.subscribe("a/#/b", async () => {})).toThrow('The topic "a/#/b" cannot be subscribed to.');
  });
});
