import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { MqttSettings } from "@nanoagent/models";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveBroker } from "../../src/mqtt/broker-settings.js";

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-broker-settings-"));

beforeAll(() => {
  for (const name of ["one", "two"]) {
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", `${name}-key.pem`];
    execFileSync("openssl", [...args, "-out", `${name}.pem`], { cwd: folder, stdio: "ignore" });
  }
  writeFileSync(path.join(folder, "empty.pem"), "\n");
  writeFileSync(path.join(folder, "text.pem"), "not a certificate");
  const one = readFileSync(path.join(folder, "one.pem"), "utf8");
  writeFileSync(path.join(folder, "cut.pem"), one.slice(0, 300));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const resolve = (settings: MqttSettings, environment: Record<string, string> = {}) =>
  resolveBroker({ client_id: "x", ...settings }, { configFolder: folder, environment });

describe("addresses", () => {
  test.each([
    ["mqtt://broker", "broker", 1883, false],
    ["mqtt://127.0.0.1:1884/", "127.0.0.1", 1884, false],
    ["mqtts://broker.example.com", "broker.example.com", 8883, true],
    ["mqtts://[::1]:9000", "::1", 9000, true],
  ])("%s", async (url, host, port, isSecure) => {
    expect(await resolve({ url })).toMatchObject({ host, port, tls: isSecure ? {} : null });
  });

  test.each([
    ["ws://broker/mqtt", "The address ws://broker/mqtt of the broker uses WebSocket, which is not supported."],
    ["wss://broker", "The address wss://broker of the broker uses WebSocket, which is not supported."],
    ["http://broker", "The address http://broker of the broker begins with another protocol than MQTT."],
    ["mqtt://me:secret@host:70000", "The address in mqtt.url is not a URL."],
    ["http://me:secret@host", "The address in mqtt.url contains a user name or a password."],
    ["mqtt://%zz", "The address in mqtt.url is not a URL."],
    ["broker", "The address in mqtt.url is not a URL."],
    ["mqtt://", "The address mqtt:// of the broker has no host."],
    ["mqtt://broker/topic", "The address mqtt://broker/topic of the broker has more than host and port."],
    ["mqtt://broker:0", "The address mqtt://broker:0 of the broker has the port 0."],
    ["mqtt://user:secret@broker", "The address in mqtt.url contains a user name or a password."],
  ])("%s is refused", async (url, message) => {
    await expect(resolve({ url })).rejects.toMatchObject({
      code: "mqtt-settings-invalid",
      message,
      hint: expect.any(String),
    });
  });
});

describe("other settings", () => {
  test("are read with the variable of the password", async () => {
    const settings = {
      username: "agent",
      password_env: "PASSWORD",
      protocol: "3.1.1",
      keepalive_seconds: 100_000,
    } as const;
    expect(await resolve({ url: "mqtt://broker", ...settings }, { PASSWORD: "pä ss" })).toEqual({
      url: "mqtt://broker",
      host: "broker",
      port: 1883,
      clientId: "x",
      keepAliveSeconds: 65_535,
      username: "agent",
      password: "pä ss",
      version: 4,
      tls: null,
    });
  });

  test.each([
    ["5", 5],
    [5, 5],
    ["3.1.1", 4],
    ["auto", null],
    [undefined, null],
  ] as const)("protocol %j", async (protocol, version) => {
    expect(await resolve({ url: "mqtt://broker", protocol })).toMatchObject({ version });
  });

  test.each([
    [{ password_env: "PASSWORD" }, "mqtt.password_env has no effect without mqtt.username."],
    [
      { username: "agent", password_env: "PASSWORD" },
      "The variable PASSWORD, which mqtt.password_env names, is not set.",
    ],
    [{ client_id: "" }, "The value of mqtt.client_id cannot be sent."],
    [{ username: "a\0b" }, "The value of mqtt.username cannot be sent."],
    [{ tls: { ca_path: "one.pem" } }, "mqtt.tls has no effect without TLS."],
  ])("%j is refused", async (settings, message) => {
    await expect(resolve({ url: "mqtt://broker", ...settings })).rejects.toMatchObject({
      message,
      hint: expect.any(String),
    });
  });
});

describe("certificates", () => {
  test("are read from the folder of the config", async () => {
    const tls = { ca_path: "two.pem", certificate_path: "one.pem", key_path: "one-key.pem" };
    const pem = expect.stringContaining("-----BEGIN");
    expect((await resolve({ url: "mqtts://broker", tls })).tls).toEqual({ ca: pem, cert: pem, key: pem });
  });

  test.each([
    [{ ca_path: "missing.pem" }, "The file missing.pem in mqtt.tls.ca_path cannot be read (ENOENT)."],
    [{ ca_path: "empty.pem" }, "The file empty.pem in mqtt.tls.ca_path is empty."],
    [{ ca_path: "one-key.pem" }, "The file one-key.pem in mqtt.tls.ca_path cannot be used."],
    [{ ca_path: "text.pem" }, "The file text.pem in mqtt.tls.ca_path cannot be used."],
    [{ ca_path: "cut.pem" }, "The file cut.pem in mqtt.tls.ca_path cannot be used."],
    [{ certificate_path: "one.pem" }, "A client certificate needs both its certificate and its key."],
    [
      { certificate_path: "one.pem", key_path: "two-key.pem" },
      "The key two-key.pem does not belong to the certificate one.pem.",
    ],
    [
      { certificate_path: "text.pem", key_path: "one-key.pem" },
      "The file text.pem in mqtt.tls.certificate_path cannot be used.",
    ],
    [{ certificate_path: "one.pem", key_path: "text.pem" }, "The file text.pem in mqtt.tls.key_path cannot be used."],
  ])("%j is refused", async (tls, message) => {
    await expect(resolve({ url: "mqtts://broker", tls })).rejects.toMatchObject({ message, hint: expect.any(String) });
  });
});
