import { spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LogEntry } from "@nanoagent/server";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Announcement } from "../../src/wyoming/announcement.js";
import { machineInterfaces } from "../../src/wyoming/network-interface.js";
import { header, hostileMessages, nameData } from "./dns-messages.js";
import { findWyomingPython } from "./python-environment.js";
import { serveWyoming } from "./serve-wyoming.js";

const here = path.dirname(fileURLToPath(import.meta.url));
/** For a busy machine. */
const PATIENCE = { timeout: 20_000 };
const GROUP = "224.0.0.251";
const loopback = () => [
  { address: "127.0.0.1", addresses: ["127.0.0.1", "fd00::2"], networks: ["127.0.0.1/8", "not a network"] },
];
const [lan] = machineInterfaces();

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openMember(port: number): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, "0.0.0.0", resolve);
  });
  socket.addMembership(GROUP, "127.0.0.1");
  socket.setMulticastInterface("127.0.0.1");
  return socket;
}

/** Whether this machine passes messages to a group on loopback. */
async function hasMulticast(): Promise<boolean> {
  try {
    const socket = await openMember(0);
    try {
      return await new Promise<boolean>((resolve) => {
        socket.once("message", () => resolve(true));
        socket.send("x", socket.address().port, GROUP);
        setTimeout(resolve, 2000, false);
      });
    } finally {
      socket.close();
    }
  } catch {
    return false;
  }
}

const canMulticast = await hasMulticast();
const multicastNeeded = canMulticast ? "" : " (skipped: this machine has no multicast on loopback)";
const python = findWyomingPython();
const hasZeroconf = python !== null && spawnSync(python, ["-c", "import zeroconf"]).status === 0;
const zeroconfNeeded = hasZeroconf && canMulticast ? "" : " (skipped: Python's zeroconf cannot be used here)";

async function announce(port: number, changes: Partial<ConstructorParameters<typeof Announcement>[0]> = {}) {
  const log: LogEntry[] = [];
  const announcement = new Announcement({
    name: "house",
    host: "0.0.0.0",
    port: 10_400,
    log: (entry) => log.push(entry),
    interfaces: loopback,
    hostName: "attic.example",
    machine: "attic-board",
    mdnsPort: port,
    ...changes,
  });
  await announcement.open();
  let isOpen = true;
  const close = async () => {
    if (isOpen) await announcement.close();
    isOpen = false;
  };
  closing.push(close);
  return { log, close };
}

const recordTypes = { A: 1, PTR: 12 } as const;

const instance = nameData("house on attic (76df)", "_wyoming", "_tcp", "local");
const address4 = Buffer.of(127, 0, 0, 1);
const address6 = Buffer.of(0xfd, ...Array<number>(14).fill(0), 2);

const has = (message: Buffer | undefined, part: Uint8Array) => message?.includes(Buffer.from(part)) ?? false;

/** A question, as a program on the network sends it. */
function question(name: string, type: number, id = 0): Buffer {
  const head = Buffer.from([id >> 8, id & 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, nameData(...name.split(".")), Buffer.from([0, type, 0, 1])]);
}

describe.skipIf(!canMulticast)(`an announcement on the local network${multicastNeeded}`, () => {
  async function listen() {
    const socket = await openMember(0);
    closing.push(() => socket.close());
    const messages: Buffer[] = [];
    const { port } = socket.address();
    // Its own questions come back, too.
    socket.on("message", (bytes) => (bytes[2] ?? 0) >= 0x80 && messages.push(bytes));
    const ask = (bytes: Uint8Array) => socket.send(bytes, port, GROUP);
    return { port, messages, ask };
  }

  test("comes at the start, has the name, the port and the addresses, and is repeated", async () => {
    const { port, messages } = await listen();
    await announce(port);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(2), PATIENCE);
    for (const part of [
      instance,
      nameData("nanoagent-attic-76df", "local"),
      Uint8Array.of(10_400 >> 8, 10_400 & 0xff),
      address4,
    ]) {
      expect(has(messages[0], part)).toBe(true);
    }
    // It listens on addresses of IPv4 alone.
    expect(has(messages[0], address6)).toBe(false);
  });

  test("answers questions for it, and no others", async () => {
    const { port, messages, ask } = await listen();
    await announce(port, { host: "::" });
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(2), PATIENCE);
    messages.length = 0;
    ask(question("_hue._tcp.local", recordTypes.PTR));
    ask(Uint8Array.of(1, 2, 3));
    ask(question("_WYOMING._tcp.local", recordTypes.PTR));
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENCE);
    expect(has(messages[0], address6)).toBe(true);
    ask(question("nanoagent-attic-76df.local", recordTypes.A));
    await vi.waitFor(() => expect(messages).toHaveLength(2), PATIENCE);
  });

  test("answers a program that asks from a port of its own, with its question", async () => {
    const { port } = await listen();
    await announce(port);
    const other = createSocket("udp4");
    closing.push(() => other.close());
    const answer = new Promise<Buffer>((resolve) => other.once("message", resolve));
    const asked = question("_wyoming._tcp.local", recordTypes.PTR, 0x1234);
    other.send(asked, port, "127.0.0.1");
    const bytes = await answer;
    expect([...bytes.subarray(0, 6)]).toEqual([0x12, 0x34, 0x84, 0, 0, 1]);
    expect(bytes.includes(asked.subarray(12))).toBe(true);
  });

  test("answers its neighbors alone", async () => {
    const { port } = await listen();
    const interfaces = vi.fn(() => loopback().map((facts) => ({ ...facts, networks: ["127.0.0.1/32"] })));
    await announce(port, { interfaces });
    const [stranger, neighbor] = [createSocket("udp4"), createSocket("udp4")];
    closing.push(
      () => stranger.close(),
      () => neighbor.close(),
    );
    await new Promise<void>((resolve) => stranger.bind(0, "127.0.0.2", resolve));
    const answers: string[] = [];
    stranger.on("message", () => answers.push("stranger"));
    neighbor.on("message", () => answers.push("neighbor"));
    const asked = question("_wyoming._tcp.local", recordTypes.PTR);
    await new Promise((resolve) => stranger.send(asked, port, "127.0.0.1", resolve));
    neighbor.send(asked, port, "127.0.0.1");
    await vi.waitFor(() => expect(answers).toHaveLength(1), PATIENCE);
    expect(answers).toEqual(["neighbor"]);
    // Questions make it look at nothing.
    expect(interfaces).toHaveBeenCalledTimes(1);
  });

  test.skipIf(lan === undefined)(
    `is answered on each interface with the addresses of that one${lan === undefined ? " (skipped: this machine has no network)" : ""}`,
    async () => {
      if (lan === undefined) return;
      const outside = createSocket({ type: "udp4", reuseAddr: true });
      closing.push(() => outside.close());
      await new Promise<void>((resolve) => outside.bind(0, "0.0.0.0", resolve));
      const { port } = outside.address();
      outside.addMembership(GROUP, lan.address);
      outside.addMembership(GROUP, "127.0.0.1");
      outside.setMulticastInterface(lan.address);
      const answers: { bytes: Buffer; from: string }[] = [];
      outside.on("message", (bytes, { address: from }) => {
        if ((bytes[2] ?? 0) >= 0x80) answers.push({ bytes, from });
      });
      await announce(port, { interfaces: () => [...loopback(), lan] });
      await vi.waitFor(() => expect(answers).toHaveLength(4), PATIENCE);
      const lan4 = Buffer.from(lan.address.split(".").map(Number));
      for (const { bytes, from } of answers.splice(0)) {
        expect([from, has(bytes, address4), has(bytes, lan4)]).toEqual([
          from,
          from === "127.0.0.1",
          from === lan.address,
        ]);
      }
      const asked = question("_wyoming._tcp.local", recordTypes.PTR);
      outside.send(asked, port, GROUP);
      await vi.waitFor(() => expect(answers).toHaveLength(1), PATIENCE);
      outside.setMulticastInterface("127.0.0.1");
      outside.send(asked, port, GROUP);
      await vi.waitFor(() => expect(answers.length).toBeGreaterThanOrEqual(2), PATIENCE);
      expect(answers.map(({ from }) => from)).toEqual([lan.address, "127.0.0.1"]);
    },
  );

  test("is sent only on interfaces by which clients reach it", async () => {
    const { port, messages } = await listen();
    const elsewhere = { address: "203.0.113.7", addresses: ["203.0.113.7"], networks: ["203.0.113.7/24"] };
    const { log } = await announce(port, { host: "127.0.0.1", interfaces: () => [elsewhere, ...loopback()] });
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(1), PATIENCE);
    expect([has(messages[0], address4), has(messages[0], address6)]).toEqual([true, false]);
    expect(log).toEqual([]);
  });

  test("has names of its own, also beside a machine and a port with the same name", async () => {
    const { port, messages } = await listen();
    const long = { name: "🏡".repeat(30), hostName: "ü".repeat(70) };
    const marks = [
      [{}, "76df"],
      [{ machine: "other-board" }, "6515"],
      [{ port: 10_401 }, "e72a"],
      [long, "76df"],
    ] as const;
    for (const [changes, mark] of marks) {
      await (await announce(port, changes)).close();
      // At its start and its end.
      await vi.waitFor(() => expect(messages).toHaveLength(2), PATIENCE);
      for (const message of messages.splice(0)) {
        for (const end of [` (${mark})`, `-${mark}`])
          expect([end, has(message, Buffer.from(end))]).toEqual([end, true]);
      }
    }
  });

  test("answers a few questions a second", async () => {
    const { port, messages, ask } = await listen();
    await announce(port);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(2), PATIENCE);
    messages.length = 0;
    vi.useFakeTimers({ toFake: ["Date"] });
    closing.push(() => vi.useRealTimers());
    const flood = () => {
      for (let count = 0; count < 15; count++) ask(question("_wyoming._tcp.local", recordTypes.PTR));
    };
    flood();
    await vi.waitFor(() => expect(messages).toHaveLength(10), PATIENCE);
    vi.setSystemTime(Date.now() + 1000);
    flood();
    await vi.waitFor(() => expect(messages).toHaveLength(20), PATIENCE);
  });

  test("goes on after hostile messages, which cost it little", async () => {
    const { port, messages, ask } = await listen();
    const { log } = await announce(port);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(2), PATIENCE);
    messages.length = 0;
    const other = createSocket("udp4");
    closing.push(() => other.close());
    const send = (bytes: Uint8Array) =>
      new Promise<void>((resolve, reject) =>
        other.send(bytes, port, "127.0.0.1", (error) => (error === null ? resolve() : reject(error))),
      );
    const before = process.cpuUsage();
    for (const bytes of hostileMessages) await send(bytes);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.nat(40), async (bytes, count) => {
        await send(bytes);
        await send(Buffer.concat([header(count), bytes]));
      }),
    );
    // The receiving side may drop messages while its buffer is full.
    await vi.waitFor(() => {
      if (messages.length === 0) ask(question("_wyoming._tcp.local", recordTypes.PTR));
      expect(messages.length).toBeGreaterThan(0);
    }, PATIENCE);
    const { user } = process.cpuUsage(before);
    // About 20 ms. The library alone needs 800.
    expect(user / 1000).toBeLessThan(300);
    expect(log).toEqual([]);
  });

  test("says goodbye at the end", async () => {
    const { port, messages } = await listen();
    const { close } = await announce(port);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(2), PATIENCE);
    messages.length = 0;
    await close();
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENCE);
    const pointer = Buffer.concat([
      nameData("_wyoming", "_tcp", "local"),
      Buffer.from([0, 12, 0, 1, 0, 0, 0, 0, 0, instance.length]),
    ]);
    expect(has(messages[0], pointer)).toBe(true);
  });

  test("a machine without a network announces nothing, and a network that appears gets it", async () => {
    const { port, messages } = await listen();
    const interfaces: ReturnType<typeof loopback> = [];
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    closing.push(() => vi.useRealTimers());
    const { log } = await announce(port, { interfaces: () => interfaces });
    interfaces.push(...loopback());
    vi.advanceTimersByTime(15_000);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(1), PATIENCE);
    expect(log).toEqual([]);
  });
});

test("an interface that cannot be used is one line of the log", async () => {
  const freePort = await new Promise<number>((resolve) => {
    const socket = createSocket("udp4").bind(0, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
  const { log } = await announce(freePort, {
    interfaces: () => [{ address: "203.0.113.7", addresses: ["203.0.113.7"], networks: [] }],
  });
  expect(log).toEqual([expect.objectContaining({ level: "warn", event: "announcement-failed" })]);
});

test("a system that forbids to list its interfaces is one line of the log, at every look", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  closing.push(() => vi.useRealTimers());
  const interfaces = vi.fn(() => {
    throw new Error("uv_interface_addresses: EAFNOSUPPORT");
  });
  const { log, close } = await announce(0, { interfaces });
  vi.advanceTimersByTime(30_000);
  await close();
  expect(interfaces).toHaveBeenCalledTimes(3);
  expect(log).toEqual([expect.objectContaining({ level: "warn", event: "announcement-failed" })]);
});

test("a service for this machine alone is not announced", async () => {
  const house = await serveWyoming(undefined, { wyoming: { port: 0, announce: true } });
  closing.push(() => house.close());
  expect(house.log).toContainEqual(
    expect.objectContaining({ event: "announcement-failed", hint: expect.stringContaining("allow_clients") }),
  );
});

test.skipIf(!hasZeroconf || !canMulticast)(
  `Python's zeroconf finds it, as Home Assistant does, and notices its end${zeroconfNeeded}`,
  { timeout: 60_000 },
  async () => {
    const child = spawn(python ?? "", [path.join(here, "python_browser.py"), "127.0.0.1"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    closing.push(() => child.kill("SIGKILL"));
    const seen: object[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => seen.push(JSON.parse(line)));
    await vi.waitFor(() => expect(seen).toContainEqual({ ready: true }), PATIENCE);
    const name = "house v1-2 on attic (76df)._wyoming._tcp.local.";
    const { close } = await announce(5353, { name: "house v1.2" });
    await vi.waitFor(
      () => expect(seen).toContainEqual({ found: name, port: 10_400, addresses: ["127.0.0.1"] }),
      PATIENCE,
    );
    await close();
    await vi.waitFor(() => expect(seen).toContainEqual({ gone: name }), PATIENCE);
  },
);
