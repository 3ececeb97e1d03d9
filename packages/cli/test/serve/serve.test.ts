import { execFileSync, spawnSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { get } from "node:https";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../run-program.js";
import { startSlowServer } from "../slow-server.js";
import { chat, makeFolder, placesIn, ServedProgram } from "./served-program.js";

/** Writes a config into a folder, with everything that the program would otherwise keep elsewhere. */
async function makeAgent(
  rest = "",
  name = "shed",
): Promise<{ folder: string; config: string; places: Record<string, string> }> {
  const folder = makeFolder();
  const config = path.join(folder, "agent.yaml");
  await writeFile(config, `spec: { name: ${name}, max_memory_mb: 200 }\n${rest}\n`);
  return { folder, config, places: placesIn(folder) };
}

const slow = (url: string) => `engine: { type: openai-compatible, url: "${url}" }`;

describe("the start", () => {
  test("prints one line when it is ready, on a free port", async () => {
    const { config, places } = await makeAgent();
    const service = await ServedProgram.start(["--config", config], places, { json: false });
    expect(service.stdout).toMatch(/^Listening on http:\/\/127\.0\.0\.1:[1-9]\d*\n$/);
    expect(service.stderr).not.toMatch(/\bkey\b/);
    expect(await service.end()).toBe(143);
    expect(service.stdout.split("\n")).toHaveLength(2);
  });

  test("with --json that line is an object, and clients get replies", async () => {
    const { config, places } = await makeAgent();
    const service = await ServedProgram.start(["--config", config], places);
    expect(service.ready).toMatchObject({ event: "ready", url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    const models = (await (await service.get("/v1/models")).json()) as { data: { id: string }[] };
    expect(models.data[0]?.id).toBe("shed");
    expect(await service.say("hello")).toBe("Hello from shed! How can I assist?");
    await service.logged("turn-end");
    expect(service.stderr).not.toContain("How can I assist");
    for (const line of service.log) expect(Date.parse(line.time)).toBeGreaterThan(0);
    expect(await service.end("SIGINT")).toBe(130);
  });

  test("the texts of messages are in the log only with --log-texts", async () => {
    const { config, places } = await makeAgent();
    const service = await ServedProgram.start(["--config", config, "--log-texts"], places);
    await service.say("hello");
    await service.logged("turn-end");
    expect(service.stderr).toContain("How can I assist");
    await service.end();
  });

  test("--log-level leaves out what is less important", async () => {
    const { config, places } = await makeAgent();
    const service = await ServedProgram.start(["--config", config, "--log-level", "error"], places);
    await service.say("hello");
    await service.end();
    expect(service.log).toEqual([]);
  });

  test.each([
    [["--port", "70000"], "--port"],
    [["--port", "1.5"], "--port"],
    [["--log-level", "loud"], "--log-level"],
    [["--host", ""], "--host"],
  ])("%j is refused", async (args, named) => {
    const { config, places } = await makeAgent();
    const { exitCode, stderr } = await runProgram(["serve", "--config", config, ...args], "", places);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(named);
  });

  test("a model that is not on this device is exit code 2: a restart would not help", async () => {
    const { config, folder, places } = await makeAgent("model_path: hub:org/no-such-model:Q4_K_M");
    const environment = { ...places, HOME: folder, HF_HOME: folder };
    const { exitCode, stderr } = await runProgram(["serve", "--config", config, "--port", "0"], "", environment);
    expect(stderr).toContain("nanoagent models pull org/no-such-model:Q4_K_M");
    expect(exitCode).toBe(2);
  });

  test("a port in use is an error that names it", async () => {
    const { config, places } = await makeAgent();
    const first = await ServedProgram.start(["--config", config], places);
    const port = new URL(first.url).port;
    const { exitCode, stderr, stdout } = await runProgram(["serve", "--config", config, "--port", port], "", places);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(port);
    expect(stdout).toBe("");
    const json = await runProgram(["serve", "--config", config, "--port", port, "--json"], "", places);
    expect(JSON.parse(json.stdout).error.code).toBe("listen-failed");
    await first.end();
  });
});

test.skipIf(spawnSync("openssl", ["version"]).status !== 0)("serves HTTPS with a certificate", async () => {
  const { folder, config, places } = await makeAgent(
    "serve: { tls: { certificate_path: a.pem, key_path: a-key.pem } }",
  );
  const files = ["-keyout", path.join(folder, "a-key.pem"), "-out", path.join(folder, "a.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...kind, ...name, ...files], { stdio: "ignore" });
  const service = await ServedProgram.start(["--config", config], places);
  expect(service.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
  const ca = await readFile(path.join(folder, "a.pem"));
  const status = await new Promise((resolve, reject) => {
    get(`${service.url}/health`, { ca }, (response) => resolve(response.resume().statusCode)).on("error", reject);
  });
  expect(status).toBe(200);
  expect(await service.end()).toBe(143);
});

describe("keys", () => {
  test("beyond loopback a key is made, kept, and shown once", async () => {
    const { folder, config, places } = await makeAgent();
    const start = () => ServedProgram.start(["--config", config, "--host", "0.0.0.0"], places);
    const first = await start();
    const [key = ""] = /na-[\w-]{20,}/.exec(first.stderr) ?? [];
    expect(key).not.toBe("");
    expect(first.stderr).toContain("Authorization: Bearer");
    const file = path.join(folder, "state-home/nanoagent/serve-keys.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).toContain(key);
    // Not an address for everybody: the service is asked by the address of this machine.
    const local = `http://127.0.0.1:${new URL(first.url).port}`;
    const ask = (headers: Record<string, string>) =>
      fetch(`${local}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(chat("hello")),
      });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: "Bearer wrong" })).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${key}` })).status).toBe(200);
    expect((await fetch(`${local}/health`)).status).toBe(200);
    expect(await first.end()).toBe(143);
    const second = await start();
    expect(second.stderr).not.toContain(key);
    await second.end();
  });

  test("keys of a variable are taken, and one that is not set is an error", async () => {
    const { config, places } = await makeAgent("serve: { api_keys_env: SHED_KEYS }");
    const service = await ServedProgram.start(["--config", config], { ...places, SHED_KEYS: "one-key-of-two,two" });
    expect((await service.get("/v1/models")).status).toBe(401);
    expect((await service.get("/v1/models", { authorization: "Bearer two" })).status).toBe(200);
    expect(service.stderr).not.toContain("one-key-of-two");
    await service.end();
    const { exitCode, stderr } = await runProgram(["serve", "--config", config], "", { ...places, SHED_KEYS: "" });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("SHED_KEYS");
  });
});

/** Starts a service, a reply that has begun, and the end of the service. */
async function startDrain() {
  const server = await startSlowServer("one two three");
  const { config, places } = await makeAgent(slow(server.url));
  const service = await ServedProgram.start(["--config", config], places);
  const reply = await service.stream("count");
  server.next();
  await reply.until(() => reply.text === "one ");
  service.child.kill("SIGTERM");
  await service.until(() => service.log.some(({ event }) => event.includes("stop")), "the drain");
  return { server, service, reply };
}

describe("the end", () => {
  test("SIGTERM lets a running reply end, and takes no new ones", async () => {
    const { server, service, reply } = await startDrain();
    const refused = await service.post("/v1/chat/completions", chat("another")).then(
      ({ status }) => status,
      // A new connection may be refused already.
      () => 503,
    );
    expect(refused).toBe(503);
    server.finish();
    await reply.ended;
    expect(reply.text).toBe("one two three");
    expect(reply.isDone).toBe(true);
    expect(await service.ended()).toBe(143);
  });

  test("a second signal ends it at once", async () => {
    const { service, reply } = await startDrain();
    const started = Date.now();
    expect(await service.end()).toBe(143);
    expect(Date.now() - started).toBeLessThan(5000);
    await reply.ended;
  });

  test("a reply that does not end is aborted after 10 seconds", { timeout: 40_000 }, async () => {
    const server = await startSlowServer("one two three");
    const { config, places } = await makeAgent(slow(server.url));
    const service = await ServedProgram.start(["--config", config], places);
    const reply = await service.stream("count");
    server.next();
    await reply.until(() => reply.text === "one ");
    const started = Date.now();
    expect(await service.end()).toBe(143);
    const seconds = (Date.now() - started) / 1000;
    expect(seconds).toBeGreaterThan(9);
    expect(seconds).toBeLessThan(14);
    await reply.ended;
  });

  const kills = process.env.NANOAGENT_SOAK ? 20 : 3;
  test(`what was acknowledged is there after ${kills} kills, and the conversation goes on`, {
    timeout: 120_000,
  }, async () => {
    const { folder, config, places } = await makeAgent("session: { dir: state }");
    const headers = { "x-conversation-id": "kitchen" };
    const messages: { role: string; content: string }[] = [];
    for (let attempt = 0; attempt < kills; attempt++) {
      const service = await ServedProgram.start(["--config", config], places);
      let killed: NodeJS.Timeout | undefined;
      for (;;) {
        const asked = [...messages, { role: "user", content: `note that it is ${messages.length}` }];
        const reply = await service
          .post("/v1/chat/completions", { model: "shed", messages: asked }, headers)
          .then((response) => response.json() as Promise<{ choices: { message: { content: string } }[] }>)
          .catch(() => null);
        if (reply === null) break;
        killed ??= setTimeout(() => service.child.kill("SIGKILL"), 37 * attempt);
        messages.push(asked.at(-1) as (typeof messages)[0], {
          role: "assistant",
          content: reply.choices[0]?.message.content ?? "",
        });
      }
      clearTimeout(killed);
      expect(await service.ended()).toBe("SIGKILL");
      const { stdout } = await runProgram(["sessions", "list", "--dir", path.join(folder, "state"), "--json"]);
      const { sessions } = JSON.parse(stdout);
      expect(sessions).toHaveLength(1);
      // The turn that was killed may be there, although nobody heard of it. The next one replaces it.
      expect(sessions[0].turns).toBeGreaterThanOrEqual(messages.length / 2);
    }
    expect(messages.length).toBeGreaterThan(4);
  });
});
