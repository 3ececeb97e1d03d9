import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { MAX_PACKET_BYTES } from "../../src/mqtt/packet-reader.js";
import { FakeBroker, type FakeLink } from "./fake-broker.js";
import { freePort } from "./mosquitto.js";
import { openForTest, textOf } from "./opened-broker.js";

const patience = { timeout: 20_000 };

/** A promise that a test settles. */
function gate(): { promise: Promise<void>; open: () => void; fail: () => void } {
  let open = () => {};
  let fail = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = () => reject(new Error("not now"));
  });
  return { promise, open, fail };
}

async function connected(fake: FakeBroker, links = 1): Promise<FakeLink> {
  await vi.waitFor(() => expect(fake.links[links - 1]?.of("subscribe").length).toBeGreaterThan(0), patience);
  return fake.links[links - 1] as FakeLink;
}

describe("the version of the protocol", () => {
  test("is 5 where the broker speaks it", async () => {
    await using fake = await FakeBroker.start();
    const { broker, notices } = await openForTest({ url: fake.url });
    broker.ready();
    await vi.waitFor(() => expect(broker.protocol).toBe("5"), patience);
    expect(fake.link.of("connect")[0]).toMatchObject({ clientId: "greenhouse", clean: false, keepalive: 30 });
    expect(fake.link.of("connect")[0]?.properties).toMatchObject({
      receiveMaximum: 64,
      sessionExpiryInterval: 7_776_000,
    });
    expect(notices).toEqual([{ level: "info", message: `Connected to the broker at ${fake.url} with MQTT 5.` }]);
  });

  test.each(["a code of 3.1.1", "a code of 5", "a closed connection"])("falls back after %s", async (how) => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd !== "connect" || packet.protocolVersion !== 5) return false;
      if (how === "a code of 3.1.1") link.sendBytes(0x20, 2, 0, 1);
      else if (how === "a code of 5") link.sendBytes(0x20, 3, 0, 0x84, 0);
      else link.socket.end();
      return true;
    };
    const { broker, notices } = await openForTest({ url: fake.url });
    broker.ready();
    await vi.waitFor(() => expect(broker.protocol).toBe("3.1.1"), patience);
    expect(notices).toHaveLength(1);
  });

  test("can be fixed", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url, protocol: "3.1.1" });
    broker.ready();
    await vi.waitFor(() => expect(broker.protocol).toBe("3.1.1"), patience);
    expect(fake.links).toHaveLength(1);
  });
});

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
    for (let messageId = 1; messageId <= 1000; messageId++) link.message("a", "x", { messageId });
    await vi.waitFor(() => expect(count).toBe(256), patience);
    // Answers to pings wait behind the messages. The connection is not taken for dead.
    await pause(2000);
    expect(count).toBe(256);
    expect(fake.links).toHaveLength(1);
    expect(link.of("pingreq").length).toBeGreaterThan(1);
    hold.open();
    await vi.waitFor(() => expect(link.of("puback")).toHaveLength(1000), patience);
    expect(link.of("puback").map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 1000 }, (_, place) => place + 1),
    );
  });

  test("that are too large are acknowledged, with a notice", async () => {
    await using fake = await FakeBroker.start();
    const { broker, notices } = await openForTest({ url: fake.url });
    const texts: string[] = [];
    broker.subscribe("a", async (message) => void texts.push(textOf(message)));
    broker.ready();
    const link = await connected(fake);
    for (const messageId of [1, 2]) link.message("a", "x".repeat(2 * MAX_PACKET_BYTES), { messageId });
    link.message("a", "small", { messageId: 3 });
    await vi.waitFor(() => expect(link.of("puback").map(({ messageId }) => messageId)).toEqual([1, 2, 3]), patience);
    expect(texts).toEqual(["small"]);
    expect(notices.slice(1)).toEqual([
      {
        level: "warning",
        message:
          "A message to a was dropped, because it has 513 KB and at most 256 KB are read. Send shorter messages, or use another topic.",
      },
    ]);
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

  test("need a valid filter", async () => {
    const { broker } = await openForTest({ url: "mqtt://127.0.0.1:1" });
    expect(() => broker.subscribe("a/#/b", async () => {})).toThrow('The topic "a/#/b" cannot be subscribed to.');
  });
});

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
});

describe("a connection that ends", () => {
  test("is one notice while the broker stays away, and a problem with advice", async () => {
    const port = await freePort();
    const { broker, notices } = await openForTest({ url: `mqtt://127.0.0.1:${port}` });
    let changes = 0;
    broker.onChange(() => {
      changes += 1;
    });
    broker.ready();
    await vi.waitFor(() => expect(changes).toBeGreaterThan(3), patience);
    const problem = `The broker at mqtt://127.0.0.1:${port} does not listen there; start it, or correct mqtt.url.`;
    expect(broker.problem).toBe(problem);
    expect(notices).toEqual([{ level: "warning", message: problem }]);
  });

  test.each([
    [4, "refused the user name or the password; correct mqtt.username and the variable of mqtt.password_env"],
    [5, "does not let this client in; set mqtt.username and mqtt.password_env, or permit it at the broker"],
    [2, "refused the client ID; change mqtt.client_id"],
  ])("because of code %i", async (returnCode, text) => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd === "connect") link.send({ cmd: "connack", sessionPresent: false, returnCode });
      return packet.cmd === "connect";
    };
    const { broker } = await openForTest({ url: fake.url, protocol: "3.1.1" });
    broker.ready();
    await vi.waitFor(() => expect(broker.problem).toBe(`The broker at ${fake.url} ${text}.`), patience);
  });

  test("because another client took the session, waits long", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url });
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    fake.link.send({ cmd: "disconnect", reasonCode: 0x8e });
    const problem = `The broker at ${fake.url} gave the session to another client with the ID greenhouse; give each its own mqtt.client_id.`;
    await vi.waitFor(() => expect(broker.problem).toBe(problem), patience);
    await pause(500);
    expect(fake.links).toHaveLength(1);
  });

  test("again and again hints at another client with the same ID", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url, protocol: "3.1.1" });
    broker.onChange(() => broker.isConnected && setImmediate(() => fake.link.socket.end()));
    broker.ready();
    await vi.waitFor(
      () => expect(broker.problem ?? "").toContain("another client may have the ID greenhouse"),
      patience,
    );
  });

  test("after bytes that are not MQTT, and is made again", async () => {
    await using fake = await FakeBroker.start();
    fake.onPacket = (packet, link) => {
      if (packet.cmd === "connect" && fake.links.length === 1) link.socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
      return packet.cmd === "connect" && fake.links.length === 1;
    };
    const { broker } = await openForTest({ url: fake.url, protocol: "5" });
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    fake.link.sendBytes(0xff, 0xff, 0xff, 0xff, 0xff);
    await vi.waitFor(() => expect(fake.links).toHaveLength(3), patience);
    expect(fake.links[1]?.of("disconnect")).toMatchObject([{ reasonCode: 0x81 }]);
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
  });

  test("because it is silent is noticed within the keep-alive time", async () => {
    await using fake = await FakeBroker.start();
    let isSilent = false;
    fake.onPacket = ({ cmd }) => isSilent && cmd === "pingreq";
    const { broker, notices } = await openForTest({ url: fake.url, keepalive_seconds: 1 });
    broker.ready();
    await vi.waitFor(() => expect(fake.link?.of("pingreq").length).toBeGreaterThan(1), patience);
    expect(fake.links).toHaveLength(1);
    isSilent = true;
    await vi.waitFor(
      () => expect(notices[1]?.message).toBe(`The broker at ${fake.url} stopped answering; it is tried again.`),
      patience,
    );
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
  });

  test("does not end because the program was busy", async () => {
    await using fake = await FakeBroker.start();
    const { broker } = await openForTest({ url: fake.url, keepalive_seconds: 1 });
    broker.ready();
    await vi.waitFor(() => expect(fake.link?.of("pingreq").length).toBeGreaterThan(0), patience);
    const until = performance.now() + 1500;
    while (performance.now() < until);
    await pause(200);
    expect(fake.links).toHaveLength(1);
    expect(broker.isConnected).toBe(true);
  });

  test("at the end of the program is a DISCONNECT, after messages in hand are acknowledged", async () => {
    await using fake = await FakeBroker.start();
    const will = { topic: "agent/status", payload: "offline", retain: true };
    const { broker } = await openForTest({ url: fake.url }, { will });
    const hold = gate();
    broker.subscribe("a", () => hold.promise);
    broker.ready();
    const link = await connected(fake);
    expect(link.of("connect")[0]?.will).toMatchObject({ topic: "agent/status", qos: 1, retain: true });
    link.message("a", "x");
    await broker.publish("c", "x");
    const closed = broker.close();
    setTimeout(hold.open, 50);
    await closed;
    await vi.waitFor(() => expect(link.of("disconnect")).toHaveLength(1), patience);
    expect(link.packets.slice(-2).map(({ cmd }) => cmd)).toEqual(["puback", "disconnect"]);
    expect(fake.links).toHaveLength(1);
  });

  test("can be closed while it is being made", async () => {
    await using fake = await FakeBroker.start();
    fake.onPacket = () => true;
    const { broker } = await openForTest({ url: fake.url });
    broker.ready();
    await vi.waitFor(() => expect(fake.link?.packets).toHaveLength(1), patience);
    await broker.close();
    await broker.close();
    expect(broker.isConnected).toBe(false);
  });
});
