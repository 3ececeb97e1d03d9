import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { FleetSettings } from "@nanoagent/models";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkAgent } from "../../src/check/check-agent.js";
import { checkSettings } from "../../src/serve/check-settings.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const line = publicKey.export({ type: "spki", format: "der" }).toString("base64");
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const secret = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const secretLine = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .publicKey.export({ type: "spki", format: "pem" })
  .toString();
const broker = "mqtt: {url: 'mqtt://127.0.0.1'}\n";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-check-fleet-"));
});
afterAll(() => rm(folder, { recursive: true }));

const file = () => path.join(folder, "checked.yaml");
async function write(fleet: object, rest = broker) {
  await writeFile(file(), `spec: {name: a, max_memory_mb: 100}\n${rest}fleet: ${JSON.stringify(fleet)}\n`);
}

async function check(fleet: object, rest?: string) {
  await write(fleet, rest);
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await checkAgent({ config: file() }, streams, []);
  stdout.end();
  return { exitCode, stdout: await printed };
}

test("the summary says who the agent is", async () => {
  const labels = { floor: "2", "Lüfter.links": "ja", "two words": "x" };
  const { exitCode, stdout } = await check({ id: "kiosk-7", prefix: "acme/kiosks", site: "berlin", labels, trust: [] });
  expect(/^ok +Fleet +(.*)$/m.exec(stdout)?.[1]).toBe(
    "as acme/kiosks/kiosk-7, at berlin, 3 labels, takes no updates from its fleet",
  );
  expect(exitCode).toBe(0);
});

test("without an ID, it has one of the machine, which is not the host's name", async () => {
  const { stdout } = await check({ trust: [] });
  expect(stdout).toMatch(/^ok +Fleet +as nanoagent\/agent-[0-9a-f]{12}, takes no updates from its fleet$/m);
});

test.each([
  ["a prefix", { prefix: "a/#" }, "fleet.prefix: "],
  ["the ID of the pieces", { id: "bundle" }, 'An agent cannot have the ID "bundle"'],
  ["an empty level", { prefix: "a//b" }, "fleet.prefix: "],
  ["a control character in the prefix", { prefix: "a\u0007b" }, "contains a control character."],
  ["a label with a comma", { labels: { "a,b": "1" } }, 'No selector can name the label "a,b".'],
  ["a label with an equals sign", { labels: { "a=b": "1" } }, 'No selector can name the label "a=b".'],
  ["a label with spaces at its ends", { labels: { " a": "1" } }, 'No selector can name the label " a".'],
  ["a label without a name", { labels: { "": "1" } }, 'No selector can name the label "".'],
  ["a label with a control character", { labels: { "a\u0007": "1" } }, "No selector can name the label"],
  [
    "too many labels",
    { labels: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`n${index}`, "1"])) },
    "An agent has at most 32 labels, and this one has 33.",
  ],
  ["a text that is not a key", { trust: ["abc"] }, "fleet.trust.0: "],
  ["a key of another kind", { trust: [line, rsa] }, "fleet.trust.1: "],
  ["a private key", { trust: [secret] }, "fleet.trust.0: "],
  ["a private key in one line", { trust: [secretLine] }, "fleet.trust.0: "],
])("%s is an error, also for a service", async (_, fleet: FleetSettings, message) => {
  const { exitCode, stdout } = await check(fleet);
  expect(stdout).toContain(message);
  expect(stdout).not.toContain(secretLine);
  expect(exitCode).toBe(2);
  const spec = { name: "a", max_memory_mb: 100 };
  const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 };
  const config = { spec, device, mqtt: { url: "mqtt://127.0.0.1" }, fleet };
  await expect(checkSettings(config, { config: file() })).rejects.toThrow(/fleet\./);
});

test("a fleet without a broker is an error", async () => {
  const { exitCode, stdout } = await check({ trust: [] }, "");
  expect(stdout).toContain("fleet: An agent of a fleet needs a broker.");
  expect(exitCode).toBe(2);
});

test.each([
  ["an ID that becomes another one", { id: "kiosk 7" }, 'The agent\'s topics have "kiosk_7" in the place of this ID.'],
  ["an ID that is too long", { id: "k".repeat(65) }, `The agent's topics have "${"k".repeat(64)}"`],
  ["a label with the name of a fact", { labels: { updates: "no" } }, 'A selector with "updates" means another fact'],
  ["no key", {}, "Updates through the broker are refused, because no key is trusted."],
  ["a config outside a release", { trust: [pem] }, "because this config does not belong to a release."],
  ["a label that a selector reads as a fact", { labels: { site: "x" } }, 'A selector with "site" means another fact'],
])("%s is a warning", async (_, fleet, message) => {
  const { exitCode, stdout } = await check(fleet);
  expect(stdout).toContain(message);
  expect(exitCode).toBe(0);
});

test("mqtt.prefix beside fleet.prefix is a warning, and mqtt.client_id is only the client's name", async () => {
  const { exitCode, stdout } = await check(
    { prefix: "acme", trust: [] },
    "mqtt: {url: 'mqtt://127.0.0.1', prefix: home, client_id: 'a/b'}\n",
  );
  expect(stdout).toContain("mqtt.prefix has no effect, because fleet.prefix begins all topics of the agent.");
  expect(stdout).not.toContain("in the place of this ID");
  expect(exitCode).toBe(0);
});
