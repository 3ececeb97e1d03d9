import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { checkAgent } from "../../src/check/check-agent.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-check-mqtt-"));
  await writeFile(path.join(folder, "ca.pem"), rootCertificates[0] ?? "");
  const { privateKey } = generateKeyPairSync("ed25519");
  await writeFile(path.join(folder, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
});
beforeEach(() => {
  vi.stubEnv("BROKER_PASSWORD", "something");
  vi.stubEnv("NO_SUCH_PASSWORD", undefined);
});
afterAll(() => {
  vi.unstubAllEnvs();
  return rm(folder, { recursive: true });
});

async function check(mqtt: string) {
  const file = path.join(folder, "checked.yaml");
  await writeFile(file, `spec: {name: a, max_memory_mb: 100}\nmqtt: ${mqtt}\n`);
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await checkAgent({ config: file }, streams, []);
  stdout.end();
  return { exitCode, stdout: (await printed).replaceAll(folder, "…") };
}

test.each([
  [
    "{url: 'mqtt://127.0.0.1:1883'}",
    "mqtt://127.0.0.1:1883, not contacted, shown to Home Assistant, answers questions",
  ],
  [
    "{url: 'mqtt://broker.local', client_id: greenhouse, home_assistant: false, ask: false}",
    "mqtt://broker.local, as greenhouse, not contacted",
  ],
  [
    "{url: 'mqtts://[::1]:8883', protocol: 5, username: a, password_env: BROKER_PASSWORD, prefix: home/agents, tls: {ca_path: ca.pem}}",
    "mqtts://[::1]:8883, not contacted, shown to Home Assistant, answers questions",
  ],
])("%s is right", async (mqtt, summary) => {
  const { exitCode, stdout } = await check(mqtt);
  expect(/^ok +MQTT +(.*)$/m.exec(stdout)?.[1]).toBe(summary);
  expect(stdout).toMatch(/\n\nAll is well\.\n$/);
  expect(exitCode).toBe(0);
});

test.each([
  ["{url: 'ws://broker:9001'}", "2:13: mqtt.url: The address ws://broker:9001 of the broker uses WebSocket"],
  ["{url: 'http://broker'}", "mqtt.url: The address http://broker of the broker begins with another protocol"],
  ["{url: broker}", "mqtt.url: The address in mqtt.url is not a URL."],
  ["{url: 'mqtt://pi:hunter2@broker'}", "mqtt.url: The address in mqtt.url contains a user name or a password."],
  [
    "{url: 'mqtt://broker/path'}",
    "mqtt.url: The address mqtt://broker/path of the broker has more than host and port.",
  ],
  ["{url: 'mqtt://broker', prefix: 'a/#'}", "mqtt.prefix: "],
  ["{url: 'mqtt://broker', prefix: 'a/'}", "mqtt.prefix: "],
  ["{url: 'mqtt://broker', home_assistant: {prefix: '+'}}", "mqtt.home_assistant.prefix: "],
  ["{url: 'mqtt://broker', tls: {ca_path: ca.pem}}", "mqtt.tls: mqtt.tls has no effect"],
  ["{url: 'mqtts://broker', tls: {ca_path: none.pem}}", "mqtt.tls.ca_path: The file …/none.pem"],
  ["{url: 'mqtts://broker', tls: {ca_path: key.pem}}", "mqtt.tls.ca_path: The file …/key.pem"],
  ["{url: 'mqtt://broker', keepalive_seconds: 70000}", "mqtt.keepalive_seconds: expected an integer from 1 to 65535"],
  ["{url: 'mqtts://broker', tls: {key_path: ca.pem}}", "needs both its certificate and its key"],
  ["{url: 'mqtt://broker', password_env: BROKER_PASSWORD}", "mqtt.password_env: mqtt.password_env has no effect"],
  [
    "{url: 'mqtt://127.0.0.1', username: a, password_env: 'hunter2 x'}",
    "This is not the name of an environment variable.",
  ],
])("%s is an error with its position", async (mqtt, message) => {
  const { exitCode, stdout } = await check(mqtt);
  expect(stdout).toContain(message);
  expect(stdout).not.toContain("hunter2");
  expect(exitCode).toBe(2);
});

test.each([
  ["{url: 'mqtt://127.0.0.1', username: a, password_env: NO_SUCH_PASSWORD}", "NO_SUCH_PASSWORD, which is not set here"],
  ["{url: 'mqtt://broker', username: a, password_env: BROKER_PASSWORD}", "crosses the network unencrypted"],
  ["{url: 'mqtt://127.0.0.1', client_id: 'a/b'}", 'The agent\'s topics have "a_b" in the place of this ID.'],
])("%s is a warning", async (mqtt, message) => {
  const { exitCode, stdout } = await check(mqtt);
  expect(stdout).toContain(message);
  expect(exitCode).toBe(0);
});
