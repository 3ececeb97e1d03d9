import { describe, expect, test, vi } from "vitest";
import { FakeBroker } from "./fake-broker.js";
import { openForTest, patience } from "./opened-broker.js";

describe("publishing", () => {
  test("waits for a connection, and sends again what was not acknowledged", async () => {
    await using fake = await FakeBroker.start();
    let isSilent = true;
    fake.onPacket = (packet) => packet.cmd === "publish" && isSilent;
    const { broker } = await openForTest({ url: fake.url });
    const sent = Promise.all([broker.publish("a", "1", { retain: true }), broker.publish("a", "2")]);
    broker.ready();
    await vi.waitFor(() => expect(fake.link?.of("publish")).toHaveLength(2), patience);
    isSilent = false;
    fake.link.socket.destroy();
    await sent;
    const repeated = fake.link
      .of("publish")
      .map(({ payload, dup, retain, qos }) => ({ text: `${payload}`, dup, retain, qos }));
    expect(repeated).toEqual([
      { text: "1", dup: true, retain: true, qos: 1 },
      { text: "2", dup: true, retain: false, qos: 1 },
    ]);
    expect(broker.waitingMessages).toBe(0);
  });

  test("keeps to the broker's limits", async () => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd === "connect") link.accept(false, { receiveMaximum: 2, maximumPacketSize: 200 });
      return packet.cmd === "connect" || packet.cmd === "publish";
    };
    const { broker } = await openForTest({ url: fake.url });
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    const sent = Promise.all([1, 2, 3, 4].map((number) => broker.publish("a", `${number}`)));
    await vi.waitFor(() => expect(fake.link.of("publish")).toHaveLength(2), patience);
    await expect(broker.publish("a", "x".repeat(300))).rejects.toMatchObject({ code: "broker-refused" });
    const answer = (place: number) =>
      fake.link.send({ cmd: "puback", messageId: fake.link.of("publish")[place]?.messageId ?? 0, reasonCode: 0 });
    answer(1);
    await vi.waitFor(() => expect(fake.link.of("publish")).toHaveLength(3), patience);
    answer(0);
    answer(2);
    await vi.waitFor(() => expect(fake.link.of("publish")).toHaveLength(4), patience);
    answer(3);
    await sent;
  });

  test("ends when the signal aborts, when the broker refuses, and when the queue is full", async () => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd !== "publish" || packet.topic !== "secret") return false;
      link.send({ cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0x87 });
      return true;
    };
    const { broker } = await openForTest({ url: fake.url });
    const abort = new AbortController();
    const waiting = broker.publish("a", "1", { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({
      code: "broker-unreachable",
      message: "The broker did not acknowledge a message to a in time.",
    });
    await expect(broker.publish("a", "1", { signal: abort.signal })).rejects.toMatchObject({
      code: "broker-unreachable",
    });
    await expect(broker.publish("a/#", "1")).rejects.toMatchObject({ code: "mqtt-settings-invalid" });
    const many = Array.from({ length: 1000 }, () => broker.publish("a", "x"));
    await expect(broker.publish("a", "1")).rejects.toMatchObject({
      message: "A message to a was not taken: 1000 messages wait for the broker already.",
    });
    broker.ready();
    await Promise.all(many);
    await expect(broker.publish("secret", "1")).rejects.toMatchObject({
      code: "broker-refused",
      message: "The broker refused a message to secret: this user may not publish there.",
    });
    await broker.close();
    await expect(broker.publish("a", "1")).rejects.toMatchObject({ code: "mqtt-closed" });
  });

  // The library that reads packets does not know the second code.
  test.each([
    [0x95, "it is too large for this broker", "Permit larger messages at the broker, or send a shorter one."],
    [0xb0, "code 176", "Change the topic, or the permissions of this user at the broker."],
  ])("ends with any code of a refusal, which leaves the connection alone: %i", async (reasonCode, reason, hint) => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd !== "publish" || packet.topic !== "large") return false;
      const { messageId = 0 } = packet;
      link.sendBytes(0x40, 4, messageId >> 8, messageId & 0xff, reasonCode, 0);
      return true;
    };
    const { broker, notices } = await openForTest({ url: fake.url });
    broker.ready();
    await expect(broker.publish("large", "1")).rejects.toMatchObject({
      code: "broker-refused",
      message: `The broker refused a message to large: ${reason}.`,
      hint,
    });
    await broker.publish("a", "1");
    expect(fake.links).toHaveLength(1);
    expect(fake.link.of("publish").map(({ topic }) => topic)).toEqual(["large", "a"]);
    expect(notices).toHaveLength(1);
  });

  test("ends for the largest message when the broker ends the connection over its size, and for no other one", async () => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd !== "publish") return false;
      if (packet.payload.length > 1000) link.send({ cmd: "disconnect", reasonCode: 0x95 });
      return link.of("publish").some(({ payload }) => payload.length > 1000);
    };
    const { broker } = await openForTest({ url: fake.url });
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    const sent = [10, 3000, 2000, 500].map((size) => broker.publish(`of-${size}`, "x".repeat(size)));
    const refused = (size: number) => ({
      code: "broker-refused",
      message: `The broker refused a message to of-${size}: it is too large for this broker.`,
    });
    const results = await Promise.allSettled(sent);
    expect(results).toMatchObject([
      { status: "fulfilled" },
      { status: "rejected", reason: refused(3000) },
      { status: "rejected", reason: refused(2000) },
      { status: "fulfilled" },
    ]);
    expect(fake.links).toHaveLength(3);
    expect(broker.waitingMessages).toBe(0);
  });
});
