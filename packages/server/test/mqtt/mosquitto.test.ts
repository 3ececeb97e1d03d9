import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { freePort, hasMosquitto, Mosquitto } from "./mosquitto.js";
import { openForTest, patience, textOf } from "./opened-broker.js";
import { ActingClient, bundleActingClient } from "./start-acting-client.js";

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-mqtt-"));
let program = "";

beforeAll(async () => {
  if (hasMosquitto) program = await bundleActingClient(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, place) => `${from + place}`);
}

/** Starts a client whose folder goes with the test. */
function startClient(url: string, version?: string, into?: string): { client: ActingClient; own: string } {
  const own = into ?? mkdtempSync(path.join(folder, "client-"));
  const client = new ActingClient(program, own, url, version);
  onTestFinished(() => client.end("SIGKILL"));
  return { client, own };
}

describe.skipIf(!hasMosquitto)("with Mosquitto (needs mosquitto and mosquitto-clients)", () => {
  test.each(["3.1.1", "5", "auto"] as const)("messages go both ways with version %s", async (protocol) => {
    await using mosquitto = await Mosquitto.start();
    const { broker } = await openForTest({ url: mosquitto.url, protocol });
    const texts: string[] = [];
    // Both filters match.
    broker.subscribe("garden/#", async (message) => void texts.push(`# ${message.topic} ${textOf(message)}`));
    broker.subscribe("garden/+", async (message) => void texts.push(`+ ${message.topic} ${textOf(message)}`));
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    expect(broker.protocol).toBe(protocol === "3.1.1" ? "3.1.1" : "5");
    await broker.publish("garden/log", "wet", { retain: true });
    await vi.waitFor(() => expect(texts).toEqual(["# garden/log wet", "+ garden/log wet"]), patience);
    const args = ["-h", "127.0.0.1", "-p", `${mosquitto.port}`, "-t", "garden/log", "-C", "1", "-W", "10"];
    expect(execFileSync("mosquitto_sub", args, { encoding: "utf8" })).toBe("wet\n");
  });

  test("the will comes when the client is killed, and not when it leaves", async () => {
    await using mosquitto = await Mosquitto.start();
    const wills: string[] = [];
    const { broker: watcher } = await openForTest({ url: mosquitto.url, client_id: "watcher" });
    watcher.subscribe("status/+", async (message) => void wills.push(message.topic));
    watcher.ready();
    await watcher.publish("start", "");
    for (const id of ["leaves", "lost"]) {
      const will = { topic: `status/${id}`, payload: "offline", retain: false };
      const proxy = await startProxy(mosquitto.port);
      const { broker } = await openForTest({ url: proxy.url, client_id: id }, { will });
      broker.ready();
      await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
      if (id === "leaves") await broker.close();
      else proxy.cut();
    }
    await vi.waitFor(() => expect(wills).toEqual(["status/lost"]), patience);
  });

  test.each(["3.1.1", "5"])(
    "messages that were not acknowledged come again in their order, version %s",
    async (version) => {
      await using mosquitto = await Mosquitto.start();
      const { broker: first } = await openForTest({ url: mosquitto.url, protocol: version as "5" });
      const held: string[] = [];
      first.subscribe("load/#", (message) => {
        held.push(textOf(message));
        return Number(textOf(message)) < 5 ? Promise.resolve() : new Promise(() => {});
      });
      first.ready();
      await vi.waitFor(() => expect(first.isConnected).toBe(true), patience);
      await pause(100);
      await mosquitto.publish("load/1", numbered(0, 15));
      await vi.waitFor(() => expect(held).toHaveLength(15), patience);
      await first.close();
      await mosquitto.publish("load/1", numbered(15, 15));
      const { broker: second } = await openForTest({ url: mosquitto.url, protocol: version as "5" });
      const texts: string[] = [];
      second.subscribe("load/#", async (message) => void texts.push(textOf(message)));
      second.ready();
      await vi.waitFor(() => expect(texts).toEqual(numbered(5, 25)), patience);
    },
  );

  test("a filter that the program forgot while it was away is unsubscribed", async () => {
    await using mosquitto = await Mosquitto.start();
    const own = mkdtempSync(path.join(folder, "filters-"));
    const filtersPath = path.join(own, "topics.json");
    const { broker: first } = await openForTest({ url: mosquitto.url }, { filtersPath });
    first.subscribe("garden/+/moisture", async () => {});
    first.ready();
    await first.publish("start", "");
    await first.close();
    const { broker: second } = await openForTest({ url: mosquitto.url }, { filtersPath });
    const texts: string[] = [];
    second.subscribe("garden/#", async (message) => void texts.push(textOf(message)));
    second.ready();
    await second.publish("start", "");
    await mosquitto.publish("garden/1/moisture", ["30"]);
    await mosquitto.publish("garden/end", ["end"]);
    await vi.waitFor(() => expect(texts.at(-1)).toBe("end"), patience);
    expect(texts).toEqual(["30", "end"]);
  });

  test("10,000 messages go through a client that is killed five times, and none is lost", async () => {
    await using mosquitto = await Mosquitto.start(["max_queued_messages 0"]);
    const { broker: publisher } = await openForTest({ url: mosquitto.url, client_id: "publisher" });
    publisher.ready();
    const { client: first, own } = startClient(mosquitto.url);
    let client = first;
    await client.connected();
    const load = (async () => {
      // mosquitto_pub loses lines of a long input.
      for (let from = 0; from < 10_000; from += 500)
        await Promise.all(numbered(from, 500).map((text) => publisher.publish(`load/${from}`, text)));
    })();
    for (let kill = 0; kill < 5; kill++) {
      await pause(250);
      await client.end("SIGKILL");
      client = startClient(mosquitto.url, "auto", own).client;
      await client.connected();
    }
    await load;
    await vi.waitFor(() => expect(new Set(client.saved).size).toBe(10_000), { ...patience, interval: 200 });
    // At a kill, those that were saved and whose acknowledgements did not arrive come again.
    expect([...new Set(client.saved)]).toEqual(numbered(0, 10_000));
    expect(client.saved.length).toBeLessThan(12_000);
  }, 120_000);

  test("a broker that is killed and started again has the client back, and what it publishes arrives", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker, notices } = await openForTest({ url: mosquitto.url });
    const texts: string[] = [];
    broker.subscribe("a", async (message) => void texts.push(textOf(message)));
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    for (let kill = 0; kill < 3; kill++) {
      await mosquitto.end("SIGKILL");
      await vi.waitFor(() => expect(broker.isConnected).toBe(false), patience);
      const sent = broker.publish("a", `${kill}`);
      await mosquitto.startAgain();
      await sent;
      await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    }
    await broker.publish("a", "end");
    await vi.waitFor(() => expect(texts.at(-1)).toBe("end"), patience);
    expect(notices.filter(({ level }) => level === "info")).toHaveLength(4);
  });

  test("a half-open line is noticed within the keep-alive time", async () => {
    await using mosquitto = await Mosquitto.start();
    const proxy = await startProxy(mosquitto.port);
    const { broker } = await openForTest({ url: proxy.url, keepalive_seconds: 4 });
    broker.ready();
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
    proxy.isSilent = true;
    // With the default keep-alive, this would take longer than the test waits.
    await vi.waitFor(() => expect(broker.isConnected).toBe(false), patience);
    expect(broker.problem).toContain("stopped answering");
    proxy.isSilent = false;
    await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
  });

  test("a message that is too large is refused, and not sent again", async () => {
    await using mosquitto = await Mosquitto.start(["message_size_limit 2000"]);
    const { broker, notices } = await openForTest({ url: mosquitto.url });
    broker.ready();
    await expect(broker.publish("a", "x".repeat(3000), { retain: true })).rejects.toMatchObject({
      code: "broker-refused",
      message: "The broker refused a message to a: it is too large for this broker.",
    });
    await broker.publish("a", "x".repeat(2000));
    await pause(300);
    expect(broker.waitingMessages).toBe(0);
    expect(notices.map(({ level }) => level)).toEqual(["info"]);
  });

  // Mosquitto looks at its clients every six seconds, in whole seconds.
  test("a client that hangs is dead after 1.5 times its keep-alive time", async () => {
    await using mosquitto = await Mosquitto.start();
    const { broker: watcher } = await openForTest({ url: mosquitto.url, client_id: "watcher" });
    const dead = new Map<string, number>();
    watcher.subscribe("status/+", async ({ topic }) => void dead.set(topic, performance.now()));
    watcher.ready();
    const hung = new Map<string, number>();
    for (let place = 0; place < 6; place++) {
      const proxy = await startProxy(mosquitto.port);
      const will = { topic: `status/${place}`, payload: "offline", retain: false };
      const settings = { url: proxy.url, client_id: `hangs-${place}`, keepalive_seconds: 10 };
      const { broker } = await openForTest(settings, { will });
      broker.ready();
      await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
      await pause(1000);
      proxy.isSilent = true;
      hung.set(will.topic, performance.now());
    }
    await vi.waitFor(() => expect(dead.size).toBe(6), patience);
    const seconds = [...dead].map(([topic, at]) => (at - (hung.get(topic) ?? 0)) / 1000);
    // At most 14.5 s by Mosquitto's rules. With the whole keep-alive it would be up to 22 s; the rest is for a busy machine.
    expect(Math.max(...seconds)).toBeLessThan(15 + 4);
    expect(Math.min(...seconds)).toBeGreaterThan(5);
  });

  test("user name and password", async () => {
    await using mosquitto = await Mosquitto.start(["allow_anonymous false", "password_file FOLDER/passwords"]);
    const { broker, notices } = await openForTest({ url: mosquitto.url });
    broker.ready();
    await vi.waitFor(() => expect(broker.problem).toContain("does not let this client in"), patience);
    const settings = { url: mosquitto.url, username: "agent", password_env: "WORD" };
    const { broker: known } = await openForTest(settings, { environment: { WORD: "secret" } });
    known.ready();
    await vi.waitFor(() => expect(known.isConnected).toBe(true), patience);
    expect(notices).toHaveLength(1);
  });
});

/** A proxy that can go silent, or cut its connections, without a word to either side. */
async function startProxy(port: number) {
  const sockets = new Set<Socket>();
  const proxy = {
    isSilent: false,
    url: "",
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
  const server = createServer((socket) => {
    const target = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [socket, target],
      [target, socket],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes) => proxy.isSilent || to.write(bytes));
      from.on("error", () => {});
      from.on("close", () => proxy.isSilent || to.destroy());
    }
  });
  const own = await freePort();
  await new Promise<void>((resolve) => server.listen(own, "127.0.0.1", resolve));
  proxy.url = `mqtt://127.0.0.1:${own}`;
  onTestFinished(() => {
    proxy.cut();
    server.close();
  });
  return proxy;
}
