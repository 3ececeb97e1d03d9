import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runProgram, startProgram } from "../run-program.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

async function makeAgent(serve: string, rest = "") {
  const folder = makeFolder();
  const config = path.join(folder, "agent.yaml");
  const write = (settings: string) =>
    writeFile(config, `spec: { name: shed, max_memory_mb: 200 }\nserve: ${settings}\n${rest}\n`);
  await write(serve);
  return { config, write, places: placesIn(folder) };
}

describe("what check calls an error is refused", () => {
  test.each([
    ["{ allow_hosts: ['http://agent.local'] }", 'serve.allow_hosts.0: "http://agent.local" is not a host name. Write'],
    ["{ allow_origins: ['*'] }", 'serve.allow_origins.0: "*" is not the origin of a web page. Write'],
    ["{ host: 'http://127.0.0.1' }", 'serve.host: "http://127.0.0.1" is not an address or a host name. Write'],
    ["{ host: '127.0.0.1:8080' }", "serve.host: "],
    ["{ host: ' 127.0.0.1' }", "serve.host: "],
    ["{ api_keys_env: 'na-key secret' }", "serve.api_keys_env: This is not the name of an environment variable."],
    ["{ tls: { certificate_path: no.pem, key_path: no.pem } }", "serve.tls: The certificate "],
  ])("%s, at the start", async (serve, message) => {
    const { config, places } = await makeAgent(serve);
    const { exitCode, stdout, stderr } = await runProgram(["serve", "--config", config, "--port", "0"], "", places);
    expect(stderr).toContain(`${config}:2:`);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("secret");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  test("--port of the Wyoming service", async () => {
    const { config, places } = await makeAgent("{ wyoming: { port: 10400 } }");
    const { exitCode, stderr } = await runProgram(["serve", "--config", config, "--port", "10400"], "", places);
    expect(stderr).toContain(`${config}:2:`);
    expect(stderr).toContain("serve.wyoming.port: Port 10400 is already that of the service itself.");
    expect(exitCode).toBe(2);
  });

  test.each(["http://127.0.0.1", "127.0.0.1:8080", " 127.0.0.1", "1.2.3.4.5"])("--host %j", async (host) => {
    const { config, places } = await makeAgent("{}");
    const { exitCode, stderr } = await runProgram(["serve", "--config", config, "--host", host], "", places);
    expect(stderr).toContain(`--host takes an address or a host name, found "${host}".`);
    expect(exitCode).toBe(2);
  });

  test.skipIf(process.platform === "win32")("by a reload, with the file of each problem", async () => {
    const { config, write, places } = await makeAgent("{}");
    const service = await ServedProgram.start(["--config", config], places);
    await write("{ allow_origins: ['*'] }");
    service.child.kill("SIGHUP");
    expect(await service.logged("reload-refused")).toMatchObject({
      problems: [{ file: config, key: "serve.allow_origins.0", line: 2 }],
    });
    expect(await service.say("hello")).toContain("Hello from shed!");
    await writeFile(config, "");
    service.child.kill("SIGHUP");
    const empty = await service.logged("reload-refused", 2);
    expect(JSON.stringify(empty).match(/nanoagent init/g)).toHaveLength(1);
    expect(await service.end()).toBe(143);
  });
});

test("--host 0 is every address: a key is needed, and the machine's own address is known", async () => {
  const { config, places } = await makeAgent("{}");
  const service = await ServedProgram.start(["--config", config, "--host", "0"], places);
  expect(service.url).not.toContain("//0:");
  expect(service.stderr).toMatch(/na-[\w-]{20,}/);
  expect((await service.get("/v1/models")).status).toBe(401);
  expect((await service.get("/health")).status).toBe(200);
  await service.end();
  const again = await ServedProgram.start(["--config", config, "--host", "0"], places);
  await again.until(() => again.stderr.includes("serve-keys.json"), "the file of the key");
  expect(again.stderr).not.toMatch(/na-[\w-]{20,}/);
  expect(await again.end()).toBe(143);
});

describe.skipIf(process.platform === "win32")("SIGHUP", () => {
  test("before the service is ready does not end it, and is done after the start", async () => {
    const nothing = () => {};
    let answer: () => void = nothing;
    const server = createServer((request, response) => {
      const reply = () => response.end(request.url === "/v1/models" ? '{"data": [{"id": "m"}]}' : "{}");
      // The first request waits until the signal was sent.
      if (answer === nothing) answer = reply;
      else reply();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { config, places } = await makeAgent("{}", `engine: { type: openai-compatible, url: "${url}" }`);
    const child = startProgram(["serve", "--port", "0", "--config", config], places);
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
    await expect.poll(() => answer !== nothing, { timeout: 20_000 }).toBe(true);
    child.kill("SIGHUP");
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer();
    await expect.poll(() => output, { timeout: 20_000 }).toMatch(/"event":"reload-end"/);
    expect(output).toContain("Listening on ");
    child.kill("SIGTERM");
    await expect.poll(() => child.exitCode, { timeout: 20_000 }).toBe(143);
  });

  test("again names the settings that differ from those of the start", async () => {
    const { config, write, places } = await makeAgent("{}");
    const service = await ServedProgram.start(["--config", config], places);
    const reload = async (settings: string, count: number) => {
      await write(settings);
      service.child.kill("SIGHUP");
      await service.logged("reload-end", count);
    };
    const kept = () => service.log.filter(({ event }) => event === "settings-kept").map(({ settings }) => settings);
    await reload("{ allow_hosts: [agent.local] }", 1);
    await reload("{ allow_hosts: [agent.local], ask_seconds: 5 }", 2);
    await reload("{ ask_seconds: 6 }", 3);
    await reload("{ host: '::1' }", 4);
    await service.until(() => kept().length >= 3, "the settings");
    expect(kept()).toEqual([["serve.allow_hosts"], ["serve.allow_hosts"], ["serve.host"]]);
    expect(await service.end()).toBe(143);
  });
});
