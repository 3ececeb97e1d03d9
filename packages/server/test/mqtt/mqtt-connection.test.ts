import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { FakeBroker } from "./fake-broker.js";
import { freePort } from "./mosquitto.js";
import { connected, gate, openForTest, patience } from "./opened-broker.js";

describe("the version of the protocol", () => {
  test("is 5 where the broker speaks it", async () => {
    await using fake = await FakeBroker.start();
    const { broker, notices } = await openForTest({ url: fake.url });
    broker.ready();
    await vi.waitFor(() => expect(broker.protocol).toBe("5"), patience);
    expect(fake.link.of("connect")[0]).toMatchObject({ clientId: "greenhouse", clean: false, keepalive: 25 });
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

  test("is given up after pings that the broker did not answer", async () => {
    await using fake = await FakeBroker.start();
    let isSilent = false;
    fake.onPacket = ({ cmd }) => isSilent && cmd === "pingreq";
    const { broker, notices } = await openForTest({ url: fake.url, keepalive_seconds: 5 });
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    const { link } = fake;
    expect(link.of("connect")[0]).toMatchObject({ keepalive: 1 });
    await vi.waitFor(() => expect(link.of("pingreq").length).toBeGreaterThan(1), patience);
    const answered = link.of("pingreq").length;
    isSilent = true;
    await vi.waitFor(() => expect(notices[1]?.message).toContain("stopped answering"), patience);
    expect(link.of("pingreq").length - answered).toBeGreaterThan(2);
    await vi.waitFor(() => expect(fake.links.length).toBeGreaterThan(1), patience);
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
