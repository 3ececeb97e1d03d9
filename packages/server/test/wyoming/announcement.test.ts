import { spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LogEntry } from "@nanoagent/server";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Announcement } from "../../src/wyoming/announcement.js";
import { addressData, asLabel, nameData, recordTypes } from "../../src/wyoming/dns-message.js";
import { findWyomingPython } from "./python-environment.js";
import { serveWyoming } from "./serve-wyoming.js";

const here = path.dirname(fileURLToPath(import.meta.url));
/** For a busy machine. */
const PATIENCE = { timeout: 20_000 };
const GROUP = "224.0.0.251";
const loopback = () => [{ address: "127.0.0.1", addresses: ["127.0.0.1", "fd00::2"] }];

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

const has = (message: Buffer | undefined, part: Uint8Array) => message?.includes(Buffer.from(part)) ?? false;

/** A question, as a program on the network sends it. */
function question(name: string, type: number, id = 0): Buffer {
  const head = Buffer.from([id >> 8, id & 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, nameData(name), Buffer.from([0, type, 0, 1])]);
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
      nameData(`${asLabel("house on attic")}._wyoming._tcp.local`),
      nameData("nanoagent-attic-10400.local"),
      Uint8Array.of(10_400 >> 8, 10_400 & 0xff),
      addressData("127.0.0.1"),
    ]) {
      expect(has(messages[0], part)).toBe(true);
    }
    // It listens on addresses of IPv4 alone.
    expect(has(messages[0], addressData("fd00::2"))).toBe(false);
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
    expect(has(messages[0], addressData("fd00::2"))).toBe(true);
    ask(question("nanoagent-attic-10400.local", recordTypes.A));
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

  test("says goodbye at the end", async () => {
    const { port, messages } = await listen();
    const { close } = await announce(port);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(2), PATIENCE);
    messages.length = 0;
    await close();
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENCE);
    const target = nameData(`${asLabel("house on attic")}._wyoming._tcp.local`);
    const pointer = Buffer.concat([
      nameData("_wyoming._tcp.local"),
      Buffer.from([0, 12, 0, 1, 0, 0, 0, 0, 0, target.length]),
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
  const { log } = await announce(0, { interfaces: () => [{ address: "203.0.113.7", addresses: [] }] });
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
    const name = "house v1.2 on attic._wyoming._tcp.local.";
    const { close } = await announce(5353, { name: "house v1.2" });
    await vi.waitFor(
      () => expect(seen).toContainEqual({ found: name, port: 10_400, addresses: ["127.0.0.1"] }),
      PATIENCE,
    );
    await close();
    await vi.waitFor(() => expect(seen).toContainEqual({ gone: name }), PATIENCE);
  },
);
