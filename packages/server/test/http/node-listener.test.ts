import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ReplyWriter } from "../../src/http/exchange.js";
import type { HttpHandler } from "../../src/http/node-listener.js";
import { listenOn } from "../../src/http/node-listener.js";
import { echo, get } from "./echo-routes.js";
import { eventually, exchange, listening, RawClient, statusOf } from "./raw-client.js";

const PORT_START = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
const canDropRights =
  process.getuid?.() === 0 && existsSync(PORT_START) && Number(readFileSync(PORT_START, "utf8")) > 81;

describe("handlers that fail", () => {
  test("are 500, and the server goes on", async () => {
    const handle: HttpHandler = async (request) => {
      if (request.path === "/") return { status: 200, body: "hello" };
      if (request.path === "/header") return { status: 200, headers: { "x-a": "a\nb" }, body: "" };
      throw new Error("secret");
    };
    const { port } = await listening(handle);
    const text = await exchange(port, get("/fail"));
    expect(statusOf(text)).toBe(500);
    expect(text).not.toContain("secret");
    expect(statusOf(await exchange(port, get("/header")))).toBe(500);
    expect(statusOf(await exchange(port, get("/")))).toBe(200);
  });

  test("a stream that fails is cut", async () => {
    const stream = async (out: ReplyWriter) => {
      await out.write("half");
      throw new Error("broken");
    };
    const { port } = await listening(async () => ({ status: 200, stream }));
    const text = await exchange(port, get("/"));
    expect(text).toContain("half");
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
  });
});

describe("closing", () => {
  test("ends idle connections at once and lets running replies end", async () => {
    let release = () => {};
    const listener = await listening(async ({ path }) => {
      if (path === "/") return { status: 200, body: "hello" };
      return {
        status: 200,
        stream: async (out) => {
          await out.write("begin ");
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          await out.write("end");
        },
      };
    });
    const { port } = listener;
    const fresh = new RawClient(port);
    const idle = new RawClient(port).send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    const running = new RawClient(port).send("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n");
    await idle.until(/hello$/);
    await running.until(/begin/);
    await eventually(() => listener.connections === 3);
    const closed = listener.close(60_000);
    await Promise.all([fresh.closed, idle.closed]);
    await expect(exchange(port, get("/"))).resolves.toBe("");
    expect(running.socket.destroyed).toBe(false);
    release();
    await closed;
    await running.closed;
    expect(running.text).toMatch(/begin [\s\S]*end\r\n0\r\n\r\n$/);
    expect(listener.connections).toBe(0);
  });

  test("destroys replies that do not end within the grace", async () => {
    let signal: AbortSignal | null = null;
    const listener = await listening((request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const client = new RawClient(listener.port).send(get("/"));
    await eventually(() => signal !== null);
    await Promise.all([listener.close(50), listener.close(50)]);
    await client.closed;
    expect((signal as AbortSignal | null)?.aborted).toBe(true);
  });
});

describe("listening", () => {
  test("an address in use says what to do", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(listenOn(echo, { host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "listen-failed",
      message: `Another program listens on 127.0.0.1:${port}.`,
      hint: expect.stringContaining("--port"),
    });
  });

  test.each([
    ["192.0.2.1", "This machine does not have the address 192.0.2.1."],
    ["nothing.invalid", 'The host name "nothing.invalid" has no address.'],
  ])("%s is not available", async (host, message) => {
    await expect(listenOn(echo, { host, port: 0 })).rejects.toMatchObject({ code: "listen-failed", message });
  });

  test.skipIf(!canDropRights)("a port below 1024 without the right to it (needs root)", async () => {
    process.seteuid?.(65_534);
    onTestFinished(() => process.seteuid?.(0));
    await expect(listenOn(echo, { host: "127.0.0.1", port: 81 })).rejects.toMatchObject({
      code: "listen-not-permitted",
      message: "Listening on 127.0.0.1:81 is not permitted.",
      hint: expect.stringContaining("1024"),
    });
  });

  test("a port that does not exist", async () => {
    await expect(listenOn(echo, { host: "127.0.0.1", port: 70_000 })).rejects.toMatchObject({ code: "listen-failed" });
  });

  test("IPv6", async () => {
    const hasIpv6 = Object.values(os.networkInterfaces()).some((list) =>
      list?.some(({ address }) => address === "::1"),
    );
    if (!hasIpv6) return;
    const { url, port } = await listening(echo, { host: "[::1]" });
    expect(url).toBe(`http://[::1]:${port}`);
    expect(await (await fetch(url)).text()).toBe("hello");
  });

  test("all addresses", async () => {
    const { url } = await listening(echo, { host: "0.0.0.0" });
    expect(await (await fetch(url)).text()).toBe("hello");
  });
});

describe("TLS", () => {
  function certificate() {
    const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const make = (name: string) => {
      const files = {
        certificate_path: path.join(folder, `${name}.pem`),
        key_path: path.join(folder, `${name}-key.pem`),
      };
      const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
      const names = ["-subj", "/CN=localhost", "-keyout", files.key_path, "-out", files.certificate_path];
      execFileSync("openssl", ["req", "-x509", ...curve, ...names], { stdio: "ignore" });
      return files;
    };
    return { folder, make };
  }

  test("serves, refuses plain text, and ends", async () => {
    const tls = certificate().make("one");
    const listener = await listening(echo, { tls, maxConnections: 2 });
    const { url, port } = listener;
    expect(url).toBe(`https://127.0.0.1:${port}`);
    const text = () =>
      new Promise<string>((resolve, reject) => {
        const options = { rejectUnauthorized: false, agent: false, headers: { connection: "close" } } as const;
        const sent = httpsRequest(url, options, (response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (piece) => {
            body += piece;
          });
          response.on("end", () => resolve(body));
        });
        sent.on("error", reject).end();
      });
    expect(await text()).toBe("hello");
    await exchange(port, get("/"));
    await eventually(() => listener.connections === 0);
    const silent = [new RawClient(port), new RawClient(port)];
    await eventually(() => listener.connections === 2);
    await expect(text()).rejects.toThrow();
    await listener.close(60_000);
    await Promise.all(silent.map(({ closed }) => closed));
  });

  test("names the file at fault", async () => {
    const { folder, make } = certificate();
    const one = make("one");
    const two = make("two");
    const missing = path.join(folder, "missing.pem");
    const broken = path.join(folder, "broken.pem");
    writeFileSync(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const empty = path.join(folder, "empty.pem");
    writeFileSync(empty, "");
    for (const [tls, words] of [
      [{ ...one, certificate_path: missing }, missing],
      [{ ...one, key_path: missing }, missing],
      [{ ...one, certificate_path: broken }, broken],
      [{ ...one, certificate_path: empty }, empty],
      [{ ...one, key_path: broken }, broken],
      [{ ...one, key_path: two.key_path }, two.key_path],
    ] as const) {
      await expect(listenOn(echo, { host: "127.0.0.1", port: 0, tls })).rejects.toMatchObject({
        code: "listen-failed",
        message: expect.stringContaining(words),
        hint: expect.stringMatching(/./),
      });
    }
  });
});
