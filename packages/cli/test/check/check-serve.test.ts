import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkAgent } from "../../src/check/check-agent.js";
import type { OptionValues } from "../../src/command-line/command.js";

const hasOpenSsl = spawnSync("openssl", ["version"]).status === 0;

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-check-serve-"));
  await writeFile(at("empty.pem"), "");
  await writeFile(at("words.pem"), "not a certificate");
  const device = { device_id: "box", platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };
  await writeFile(at("device.json"), JSON.stringify(device));
  for (const name of ["agent", "other"]) {
    if (!hasOpenSsl) continue;
    const files = ["-keyout", at(`${name}-key.pem`), "-out", at(`${name}.pem`)];
    const rest = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=agent.local"];
    execFileSync("openssl", ["req", "-x509", ...rest, ...files], { stdio: "ignore" });
  }
});
afterAll(() => rm(folder, { recursive: true }));

async function check(serve: string, values: OptionValues = {}): Promise<{ exitCode: number; stdout: string }> {
  const file = at("checked.yaml");
  await writeFile(file, `spec: {name: a}\nserve: ${serve}\n`);
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await checkAgent({ config: file, ...values }, streams, []);
  stdout.end();
  return { exitCode, stdout: (await printed).replaceAll(folder, "…") };
}

test.each([
  ["{}", "http://127.0.0.1:7420, no key"],
  ["{host: 0.0.0.0, port: 80}", "http://0.0.0.0:80, a key that is made at the first start"],
  ["{host: '::1', bare_model: true}", "http://[::1]:7420, no key, the model alone too"],
  ["{api_keys_env: PATH}", "http://127.0.0.1:7420, keys of PATH"],
  ["{page: true, metrics: true, wyoming: {port: 10700}}", "http://127.0.0.1:7420, no key"],
  ["{allow_hosts: [agent.local, '192.168.1.20:80', 'fe80::1', '[::1]'], ask_seconds: 5}", ""],
  ["{allow_origins: ['http://kiosk.local:3000', 'https://Kiosk.local']}", ""],
])("%s is right", async (serve, summary) => {
  const { exitCode, stdout } = await check(serve);
  expect(stdout).toMatch(/\n\nAll is well\.\n$/);
  expect(/^ok +Service +(.*)$/m.exec(stdout)?.[1]).toContain(summary);
  expect(exitCode).toBe(0);
});

test.each([
  ["{allow_origins: [kiosk.local]}", '2:25: serve.allow_origins.0: "kiosk.local" is not the origin of a web page.'],
  ["{allow_origins: ['http://kiosk.local/']}", "do: Write http://kiosk.local."],
  ["{allow_origins: ['*']}", '"*" is not the origin of a web page.'],
  ["{allow_origins: ['null']}", '"null" is not the origin of a web page.'],
  ["{allow_origins: ['file:///x']}", "is not the origin of a web page."],
  ["{allow_hosts: ['http://agent.local']}", 'serve.allow_hosts.0: "http://agent.local" is not a host name.'],
  ["{allow_hosts: ['*.local']}", '"*.local" is not a host name.'],
  ["{api_keys_env: NO_SUCH_KEYS}", "2:23: serve.api_keys_env: The environment variable NO_SUCH_KEYS"],
  [
    "{tls: {certificate_path: nowhere.pem, key_path: empty.pem}}",
    "serve.tls: The certificate …/nowhere.pem cannot be read",
  ],
  ["{tls: {certificate_path: empty.pem, key_path: empty.pem}}", "…/empty.pem is empty"],
  ["{tls: {certificate_path: words.pem, key_path: words.pem}}", "…/words.pem cannot be used"],
  ["{port: 70000}", "serve.port: "],
])("%s is an error with its position", async (serve, message) => {
  const { exitCode, stdout } = await check(serve);
  expect(stdout).toContain(message);
  expect(exitCode).toBe(2);
});

test.skipIf(!hasOpenSsl)("a certificate and its key are right, and another's key is an error", async () => {
  const right = await check("{tls: {certificate_path: agent.pem, key_path: agent-key.pem}}");
  expect(right.stdout).toMatch(/^ok +Service +https:\/\/127\.0\.0\.1:7420, no key$/m);
  const wrong = await check("{tls: {certificate_path: agent.pem, key_path: other-key.pem}}");
  expect(wrong.stdout).toContain("does not belong to the certificate …/agent.pem");
  expect(wrong.exitCode).toBe(2);
});

test("for another device, its variables and files are not looked for", async () => {
  const serve = "{api_keys_env: NO_SUCH_KEYS, tls: {certificate_path: nowhere.pem, key_path: nowhere.pem}}";
  const { exitCode, stdout } = await check(serve, { device: at("device.json") });
  expect(stdout).toMatch(/^ok +Service +https:/m);
  expect(exitCode).toBe(0);
});
