import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { startSlowServer } from "../slow-server.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

async function startService(engineUrl: string, extra = "") {
  const folder = makeFolder();
  const config = path.join(folder, "agent.yaml");
  const write = async (name: string, rest = "") => {
    // Replaced in one step, as editors and deployments do.
    await writeFile(`${config}.new`, configText(name, engineUrl, rest));
    await rename(`${config}.new`, config);
  };
  await write("shed", extra);
  const service = await ServedProgram.start(["--config", config], placesIn(folder));
  return { config, service, write };
}

const configText = (name: string, url: string, rest: string) =>
  `spec: { name: ${name}, max_memory_mb: 200 }\nengine: { type: openai-compatible, url: "${url}" }\n${rest}\n`;

async function modelOf(service: ServedProgram): Promise<string | undefined> {
  const { data } = (await (await service.get("/v1/models")).json()) as { data: { id: string }[] };
  return data[0]?.id;
}

describe.skipIf(process.platform === "win32")("SIGHUP", () => {
  test("swaps the agent, and loses no running reply and no waiting one", async () => {
    const server = await startSlowServer("one two three");
    const { service, write } = await startService(server.url);
    const running = await service.stream("count");
    server.next();
    await running.until(() => running.text === "one ");
    await write("barn");
    service.child.kill("SIGHUP");
    let health = await service.get("/health");
    while (health.status === 200) health = await service.get("/health");
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ live: true, ready: false, reasons: [{ code: "reloading" }] });
    const waiting = service.stream("wait");
    server.finish();
    await running.ended;
    expect(running).toMatchObject({ text: "one two three", isDone: true, error: null });
    const waited = await waiting;
    await waited.ended;
    expect(waited).toMatchObject({ status: 200, text: "one two three", isDone: true, error: null });
    await service.logged("reload-end");
    expect(await modelOf(service)).toBe("barn");
    expect(server.asked).toEqual(["count", "wait"]);
    expect(await service.end()).toBe(143);
  });

  test.each([
    ["with an unknown key", "spec: { name: barn, max_memry_mb: 5 }\n", "max_memory_mb"],
    ["that is not YAML", "spec: [\n", ""],
    ["that needs more memory than there is", "spec: { name: barn, max_memory_mb: 99999999 }\n", "memory"],
    [
      "with a tool that is not there",
      "spec: { name: barn }\ntools: [{name: t, description: d, command: [no-such-program]}]\n",
      "no-such-program",
    ],
  ])("keeps the old agent for a config %s, and says why", async (_, text, named) => {
    const server = await startSlowServer("one two three");
    const { config, service } = await startService(server.url);
    const running = await service.stream("count");
    server.next();
    await running.until(() => running.text === "one ");
    await writeFile(config, text);
    service.child.kill("SIGHUP");
    const refused = await service.logged("reload-refused");
    expect(refused.level).toBe("error");
    expect(JSON.stringify(refused)).toContain(named);
    server.finish();
    await running.ended;
    expect(running).toMatchObject({ text: "one two three", isDone: true });
    expect(await modelOf(service)).toBe("shed");
    expect(await service.say("again")).toBe("one two three");
    expect(await service.end()).toBe(143);
  });

  test("keeps the old agent when the config is missing", async () => {
    const server = await startSlowServer("one");
    server.finish();
    const { config, service, write } = await startService(server.url);
    await rm(config);
    service.child.kill("SIGHUP");
    await service.logged("reload-refused");
    expect(await service.say("hello")).toBe("one");
    // A later signal with a good config works.
    await write("barn");
    service.child.kill("SIGHUP");
    await service.logged("reload-end");
    expect(await modelOf(service)).toBe("barn");
    expect(await service.end()).toBe(143);
  });

  test("opens the old agent again when the new one cannot be opened", async () => {
    const server = await startSlowServer("one");
    server.finish();
    const { config, service } = await startService(server.url);
    await writeFile(config, configText("barn", "http://127.0.0.1:1", ""));
    service.child.kill("SIGHUP");
    expect(await service.logged("reload-refused")).toMatchObject({ code: "remote-unreachable" });
    expect(await service.say("hello")).toBe("one");
    expect(await service.end()).toBe(143);
  });

  test("is unavailable if the old agent cannot be opened either, until a config is right", async () => {
    const server = await startSlowServer("one");
    server.finish();
    const { config, service } = await startService(server.url);
    await writeFile(config, configText("barn", "http://127.0.0.1:1", ""));
    server.close();
    service.child.kill("SIGHUP");
    expect(await service.logged("reload-refused")).toMatchObject({
      code: "remote-unreachable",
      message: expect.stringContaining("The service has no agent."),
    });
    const health = await service.get("/health");
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ ready: false, reasons: [{ code: "agent-missing" }] });
    await writeFile(config, "spec: { name: barn, max_memory_mb: 200 }\n");
    service.child.kill("SIGHUP");
    await service.logged("reload-end");
    expect((await service.get("/health")).status).toBe(200);
    expect(await service.say("hello", {}, "barn")).toBe("Hello from barn! How can I assist?");
    expect(await service.end()).toBe(143);
  });

  test("says that the address and the keys stay as they are", async () => {
    const server = await startSlowServer("one");
    server.finish();
    const { service, write } = await startService(server.url);
    await write("barn", "serve: { port: 7421, host: 0.0.0.0, api_keys_env: PATH, ask_seconds: 5 }");
    service.child.kill("SIGHUP");
    await service.logged("reload-end");
    expect(await service.logged("settings-kept")).toMatchObject({
      level: "warn",
      settings: ["serve.host", "serve.api_keys_env"],
    });
    // Clients still need no key.
    expect(await service.say("hello", {}, "barn")).toBe("one");
    await service.end();
  });

  test("SIGTERM during a reload lets the running reply end, and ends the service", async () => {
    const server = await startSlowServer("one two three");
    const { service, write } = await startService(server.url);
    const running = await service.stream("count");
    server.next();
    await running.until(() => running.text === "one ");
    await write("barn");
    service.child.kill("SIGHUP");
    await service.until(() => service.log.some(({ event }) => event === "reload-start"), "the reload");
    let health = await service.get("/health");
    while (health.status === 200) health = await service.get("/health");
    service.child.kill("SIGTERM");
    await service.until(() => service.log.some(({ event }) => event === "service-stop"), "the end");
    server.finish();
    await running.ended;
    expect(running).toMatchObject({ text: "one two three", isDone: true, error: null });
    expect(await service.ended()).toBe(143);
    expect(service.log.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("many signals at once end with the newest config", async () => {
    const server = await startSlowServer("one");
    server.finish();
    const { service, write } = await startService(server.url);
    for (const name of ["a", "b", "c", "barn"]) {
      await write(name);
      service.child.kill("SIGHUP");
    }
    const end = Date.now() + 15_000;
    while ((await modelOf(service)) !== "barn" && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await modelOf(service)).toBe("barn");
    expect(await service.end()).toBe(143);
  });
});
