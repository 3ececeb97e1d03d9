import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { openKeys } from "@nanoagent/server/program";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { checkAgent } from "../../src/check/check-agent.js";
import type { OptionValues } from "../../src/command-line/command.js";

const hasOpenSsl = spawnSync("openssl", ["version"]).status === 0;

const hasIpv6 = Object.values(networkInterfaces()).some((entries = []) =>
  entries.some(({ family }) => family === "IPv6"),
);

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
beforeEach(() => {
  vi.stubEnv("XDG_STATE_HOME", at("state-home"));
});
afterAll(() => {
  vi.unstubAllEnvs();
  return rm(folder, { recursive: true });
});

async function check(
  serve: string,
  values: OptionValues = {},
  rest = "",
): Promise<{ exitCode: number; stdout: string }> {
  const file = at("checked.yaml");
  await writeFile(file, `spec: {name: a}\nserve: ${serve}\n${rest}\n`);
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
  ["{host: '0', port: 80}", "http://0.0.0.0:80, a key that is made at the first start"],
  ["{host: '127.1', port: 80}", "http://127.0.0.1:80, no key"],
  ["{host: '::1', bare_model: true}", "http://[::1]:7420, no key, the model alone too"],
  ["{api_keys_env: PATH}", "http://127.0.0.1:7420, keys of PATH"],
  [
    "{page: false, metrics: false, wyoming: {port: 10400}}",
    "http://127.0.0.1:7420, no key, voice assistants of this machine at tcp://127.0.0.1:10400",
  ],
  [
    "{wyoming: {port: 0, allow_clients: [192.168.1.0/24, 'fd00::5'], languages: [de, pt-BR], announce: true}}",
    `no key, voice assistants of 2 addresses or networks at tcp://${hasIpv6 ? "[::]" : "0.0.0.0"}:0`,
  ],
  [
    "{host: '::', wyoming: {port: 10400, allow_clients: [192.168.1.10]}}",
    "voice assistants of one address or network at tcp://[::]:10400",
  ],
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
  ["{host: 'http://127.0.0.1'}", '2:15: serve.host: "http://127.0.0.1" is not an address or a host name.'],
  ["{host: '127.0.0.1:8080'}", 'serve.host: "127.0.0.1:8080" is not an address or a host name.'],
  ["{host: ' 127.0.0.1'}", "do: Write the address alone"],
  ["{api_keys_env: 'na-key secret'}", "2:23: serve.api_keys_env: This is not the name of an environment variable."],
  ["{port: 10400, wyoming: {port: 10400}}", "serve.wyoming.port: Port 10400 is already that of the service itself."],
  [
    "{wyoming: {port: 1, allow_clients: [home.local]}}",
    'serve.wyoming.allow_clients.0: "home.local" is not an address or a network.',
  ],
  [
    "{wyoming: {port: 1, languages: [de, German language]}}",
    'serve.wyoming.languages.1: "German language" is not the code of a language.',
  ],
  ["{wyoming: {port: 70000}}", "serve.wyoming.port: "],
  ["{wyoming: {}}", "serve.wyoming.port"],
])("%s is an error with its position", async (serve, message) => {
  const { exitCode, stdout } = await check(serve);
  expect(stdout).toContain(message);
  expect(exitCode).toBe(2);
});

test("a value in the place of a variable's name is not printed: it may be a key", async () => {
  const { stdout } = await check("{api_keys_env: 'na-key secret'}");
  expect(stdout).not.toContain("secret");
  const elsewhere = await check("{api_keys_env: 'na-key secret'}", { device: at("device.json") });
  expect(elsewhere.exitCode).toBe(2);
  expect(elsewhere.stdout).not.toContain("secret");
});

describe("the file of the keys", () => {
  const beyondLoopback = "{host: 0.0.0.0}";
  const stateOf = (name: string) => {
    vi.stubEnv("XDG_STATE_HOME", at(name));
    return path.join(at(name), "nanoagent");
  };

  test("that exists is named", async () => {
    const stateFolder = stateOf("kept");
    const { made } = await openKeys({ settings: {}, host: "0.0.0.0", environment: {}, stateFolder });
    const { exitCode, stdout } = await check(beyondLoopback);
    expect(stdout).toMatch(/^ok +Service +http:\/\/0\.0\.0\.0:7420, the key in …\/kept\/nanoagent\/serve-keys\.json$/m);
    expect(stdout).not.toContain(made?.key);
    expect(exitCode).toBe(0);
  });

  test.skipIf(process.platform === "win32")("that others can read is an error, as it is for a service", async () => {
    const stateFolder = stateOf("open");
    const { made } = await openKeys({ settings: {}, host: "0.0.0.0", environment: {}, stateFolder });
    await chmod(made?.file ?? "", 0o644);
    const { exitCode, stdout } = await check(beyondLoopback);
    expect(stdout).toContain("2:15: serve.host: Other users have access to the file of the keys");
    expect(exitCode).toBe(2);
    // On loopback it is not used.
    expect((await check("{}")).exitCode).toBe(0);
  });

  test("that cannot be made is an error", async () => {
    stateOf("empty.pem");
    const { exitCode, stdout } = await check(beyondLoopback);
    expect(stdout).toContain("…/empty.pem/nanoagent/serve-keys.json, cannot be");
    expect(exitCode).toBe(2);
  });
});

test.each([
  [
    "{wyoming: {port: 1, allow_clients: [0.0.0.0/0]}}",
    "serve.wyoming.allow_clients.0: Everybody who reaches this machine",
  ],
  ["{wyoming: {port: 1, announce: true}}", "serve.wyoming.announce: The Wyoming service is not announced"],
])("%s is a warning", async (serve, message) => {
  const { exitCode, stdout } = await check(serve);
  expect(stdout).toContain(message);
  expect(exitCode).toBe(0);
});

test("a session without an end is a warning: each conversation has a folder", async () => {
  const warned = await check("{}", {}, "session: {dir: state}");
  expect(warned.stdout).toContain("3:10: session: A service keeps a folder for every conversation");
  expect(warned.exitCode).toBe(0);
  const limited = await check("{}", {}, "session: {dir: state, retention: {max_days: 30}}");
  expect(limited.stdout).toMatch(/\n\nAll is well\.\n$/);
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
