import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { findWyomingPython } from "./python-environment.js";
import { type ServedHouse, serveWyoming } from "./serve-wyoming.js";
import { WyomingClient } from "./wyoming-client.js";

/** Bytes that Wyoming's library sent, one connection each. */
type Recording = Record<string, { sent: string; answers: { type: string; text?: string | null }[] }>;

const here = path.dirname(fileURLToPath(import.meta.url));
/** JSON in a text file, so that no formatter changes it. */
const RECORDING = path.join(here, "fixtures/python-client.txt");
const python = findWyomingPython();
const libraryNeeded = python === null ? " (skipped: Wyoming's Python library cannot be installed)" : "";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(): Promise<ServedHouse> {
  const house = await serveWyoming();
  closing.push(() => house.close());
  return house;
}

const portOf = (url: string) => Number(new URL(url.replace("tcp:", "http:")).port);

/** Passes connections on to a port, and keeps the bytes that clients send. */
async function record(port: number): Promise<{ port: number; sent: Buffer[] }> {
  const sent: Buffer[] = [];
  const proxy = createServer((client) => {
    const index = sent.push(Buffer.alloc(0)) - 1;
    const service = connect(port, "127.0.0.1");
    client.on("data", (bytes: Buffer) => {
      sent[index] = Buffer.concat([sent[index] ?? Buffer.alloc(0), bytes]);
    });
    const passOn = (from: Socket, to: Socket) => from.on("error", () => to.destroy()).pipe(to);
    passOn(client, service);
    passOn(service, client);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  closing.push(() => proxy.close());
  return { port: (proxy.address() as { port: number }).port, sent };
}

describe.skipIf(python === null)(`Wyoming's Python client${libraryNeeded}`, () => {
  test("reads every answer, one connection at a time and all at once", { timeout: 120_000 }, async () => {
    const house = await serve();
    const { port, sent } = await record(portOf(house.url));
    const run = promisify(execFile)(python ?? "", [path.join(here, "python_client.py"), "127.0.0.1", String(port)]);
    const answers = JSON.parse((await run).stdout) as Record<string, object[]>;
    const context = { conversation_id: "01JKITCHEN", device_id: "kitchen" };
    const hello = { type: "handled", text: "Hello from house! How can I assist?", context: null };
    const info = {
      type: "info",
      name: "house",
      installed: true,
      attribution: "nanoagent",
      version: "1.2.3",
      languages: ["en", "de"],
      streams: false,
      others: 0,
    };
    expect(answers).toEqual({
      describe: [info],
      "a sentence of an intent": [{ type: "handled", text: "The lamp is on.", context }],
      "a sentence in another language": [{ type: "handled", text: "The lamp is on.", context }],
      "a sentence that no rule understands": [
        { type: "not-handled", text: "Das verstehe ich nicht. Das hier kenne ich: lamp.", context: null },
      ],
      "an empty sentence": [{ type: "not-handled", text: "I did not hear a message.", context: null }],
      "several events": [
        { type: "pong", text: "one" },
        info,
        hello,
        { type: "pong", text: null },
        { type: "handled", text: "The lamp is on.", context: null },
      ],
      "audio before a sentence": [hello],
    });
    const names = Object.keys(answers);
    const recording = Object.fromEntries(
      names.map((name, index) => [name, { sent: sent[index]?.toString("base64"), answers: answers[name] }]),
    );
    await expect(`${JSON.stringify(recording, null, 2)}\n`).toMatchFileSnapshot(RECORDING);
  });

  test("gets answers through the library's intent server", { timeout: 120_000 }, async () => {
    const house = await serve();
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const args = [
      "-m",
      "wyoming.http.intent_server",
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--uri",
      house.url,
    ];
    const child = spawn(python ?? "", args, { stdio: "ignore" });
    closing.push(async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    });
    const ask = async (text: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/api/recognize-intent?language=en`, {
        method: "POST",
        body: text,
      });
      return response.json();
    };
    const handled = await vi.waitFor(() => ask("turn on the lamp"), { timeout: 60_000, interval: 250 });
    expect(handled).toEqual({ success: true, type: "handled", result: { text: "The lamp is on." } });
    expect(await ask("make tea")).toMatchObject({ success: true, type: "not-handled" });
  });
});

describe("the recorded bytes of Wyoming's Python client", () => {
  const recording = JSON.parse(readFileSync(RECORDING, "utf8")) as Recording;

  test.each(Object.entries(recording))("%s", async (_name, { sent, answers }) => {
    const house = await serve();
    const bytes = Buffer.from(sent, "base64");
    for (const size of [bytes.length, 7]) {
      const client = await WyomingClient.open(house.url);
      closing.push(() => client.close());
      for (let at = 0; at < bytes.length; at += size) client.socket.write(bytes.subarray(at, at + size));
      for (const { type, text } of answers) {
        const answer = await client.read();
        expect([answer?.type, answer?.data.text ?? null]).toEqual([type, text ?? null]);
      }
    }
  });
});
