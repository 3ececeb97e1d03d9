import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { realpath, writeFile } from "node:fs/promises";
import path from "node:path";
import { NanoRuntime } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { afterEach, describe, expect, test } from "vitest";
import { sampleConfig } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { opened, programOf } from "./open-servers.js";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const greenhouse = { command: programOf("greenhouse") };

describe("a server on stdio, built with the protocol's own package", () => {
  test("returns data, text and failures", async () => {
    await using house = await opened({ house: greenhouse });
    expect(house.notices()).toEqual([]);
    expect(house.names()).toEqual(["house_read_soil", "house_water", "house_surroundings", "house_look"]);
    expect(await house.call("house_read_soil", { bed: 2 })).toMatchObject({
      outcome: "done",
      value: { bed: 2, moisture_percent: 42 },
    });
    expect((await house.call("house_water", { bed: 3 })).content).toBe("Bed 3 was watered.");
    expect(await house.call("house_water", { bed: 8 })).toMatchObject({
      outcome: "failed",
      content: "The tool house_water failed: no pressure",
    });
    expect((await house.call("house_water", { bed: 9 })).outcome).toBe("invalid-arguments");
    expect((await house.call("house_look")).content).toBe("[image image/png, 3000 bytes]\nand a text");
  });

  test("gets its own environment and folder, and only the selected variables of the agent", async () => {
    const folder = await realpath(await temporaryFolder());
    process.env.HOUSE_KEY = "secret";
    process.env.OTHER_KEY = "secret";
    const settings = {
      ...greenhouse,
      working_directory: folder,
      environment: { LEVEL: "1" },
      environment_from: ["HOUSE_KEY"],
    };
    await using house = await opened({ house: settings });
    const { value } = await house.call("house_surroundings");
    const { env, cwd } = value as { env: Record<string, string>; cwd: string };
    expect(env).toMatchObject({ LEVEL: "1", HOUSE_KEY: "secret" });
    expect(Object.keys(env).filter((key) => /KEY|TOKEN|SECRET/.test(key))).toEqual(["HOUSE_KEY"]);
    expect(cwd).toBe(folder);
  });

  test("offers the tools in the config, with their permissions", async () => {
    const tools = { read_soil: { permission: "always", changes_world: false }, water: {}, wter: {} } as const;
    await using house = await opened({ house: { ...greenhouse, tools } });
    expect(
      house.servers.servers[0]?.tools.map(({ name, permission, changesWorld }) => [name, permission, changesWorld]),
    ).toEqual([
      ["house_read_soil", "always", false],
      ["house_water", "ask", true],
    ]);
    expect(house.notices()).toEqual(['Not used from the MCP server "house": "wter" (it has no tool of this name).']);
  });
});

describe("a server over HTTP", () => {
  const running: ChildProcess[] = [];
  afterEach(stop);

  async function started(wanted = 0): Promise<number> {
    const [program = "", ...rest] = programOf("greenhouse", "http", String(wanted));
    const server = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
    running.push(server);
    const [port] = await once(server.stdout, "data");
    return Number(port);
  }

  async function stop() {
    const ended = running.map((server) => once(server, "exit"));
    for (const server of running.splice(0)) server.kill();
    await Promise.all(ended);
  }

  test("is called with the key from an environment variable", async () => {
    process.env.HOUSE_KEY = "secret-key";
    const url = `http://127.0.0.1:${await started()}/mcp`;
    await using house = await opened({ house: { url, api_key_env: "HOUSE_KEY" } });
    expect(house.notices()).toEqual([]);
    expect((await house.call("house_read_soil", { bed: 2 })).value).toEqual({ bed: 2, moisture_percent: 42 });
    expect((await house.call("house_water", { bed: 8 })).content).toContain("no pressure");
    await using other = await opened({ house: { url } });
    expect(other.names()).toEqual([]);
    expect(other.notices()).toEqual([expect.stringContaining('The MCP server "house" failed:')]);
  });

  test("is found later when it was not running yet or was restarted", async () => {
    process.env.HOUSE_KEY = "secret-key";
    const port = await started();
    await stop();
    let isListed = () => {};
    const listed = new Promise<void>((resolve) => {
      isListed = resolve;
    });
    const url = `http://127.0.0.1:${port}/mcp`;
    await using house = await opened({ house: { url, api_key_env: "HOUSE_KEY", tools: ["water"] } }, isListed);
    expect(house.notices()).toEqual([expect.stringContaining("ECONNREFUSED")]);
    await started(port);
    await listed;
    expect(house.notices()).toEqual([]);
    expect((await house.call("house_water", { bed: 3 })).content).toBe("Bed 3 was watered.");
    await stop();
    const refused = 'The tool house_water failed: The MCP server "house" failed:';
    expect((await house.call("house_water", { bed: 3 })).content).toContain(refused);
    await started(port);
    while ((await house.call("house_water", { bed: 3 })).outcome !== "done") await pause(50);
  });
});

describe("invalid settings prevent loading the agent", () => {
  test.each([
    [{ "my server": greenhouse }, "its name must be a letter"],
    [{ house: { command: [""] } }, "command must begin with a program"],
    [{ house: { command: ["a\0"] } }, "NUL"],
    [{ house: { url: "ftp://a" } }, "its url is not an http or https address"],
    [{ house: { url: "http://a:secret@127.0.0.1" } }, "its url has a user name"],
    [{ house: { url: "http://192.168.1.7/mcp" } }, "192.168.1.7 is not on this machine"],
    [{ house: { url: "http://127.0.0.1", api_key_env: "NO_SUCH_KEY" } }, "which is not set"],
    [{ house: { url: "http://127.0.0.1", api_key_header: "a b" } }, "api_key_header is not a header name"],
    [{ house: { command: ["a"], environment_from: ["NO_SUCH_KEY"] } }, "which is not set"],
  ])("%j", async (mcp_servers, reason) => {
    const loading = new NanoRuntime().load(sampleConfig({ mcp_servers }));
    await expect(loading).rejects.toMatchObject({
      code: "mcp-server-invalid",
      message: expect.stringContaining(reason),
    });
    await expect(loading).rejects.not.toThrow(/secret/);
  });

  test("but a name of another machine does not", async () => {
    await using house = await opened({ house: { url: "http://example.invalid/mcp" } });
    expect(house.notices()).toEqual([expect.stringContaining('The MCP server "house" failed:')]);
  });
});

describe("an agent with servers", () => {
  const intents = {
    slots: { bed: { from: 1, to: 8 } },
    definitions: [
      { name: "water", sentences: ["water bed {bed}"], tool: "house_water", failure: "Not now: {error}" },
      {
        name: "soil",
        sentences: ["how moist is bed {bed}"],
        tool: "house_read_soil",
        answer: "{result.moisture_percent} %",
      },
    ],
  };
  const mcp_servers = { house: { ...greenhouse, permission: "always" as const } };

  test("offers their tools to intents, and to the engine where a capability names the tool or the server", async () => {
    const call = { id: "1", name: "house_read_soil", arguments: { bed: 1 } };
    const engine = new ScriptedEngine([{ calls: [call] }, "41"]);
    await using runtime = new NanoRuntime({ engine });
    await runtime.load(sampleConfig({ intents, mcp_servers, spec: { name: "a", capabilities: ["house_read_soil"] } }));
    expect(runtime.notices).toEqual([]);
    expect((await runtime.process("water bed 3")).content).toBe("Bed 3 was watered.");
    expect((await runtime.process("how moist is bed 4")).content).toBe("44 %");
    await runtime.process("and bed 1?");
    expect(engine.requests[0]?.tools?.map(({ name }) => name)).toEqual(["house_read_soil"]);
    expect(engine.requests[1]?.messages.at(-1)).toMatchObject({
      role: "tool",
      content: '{"bed":1,"moisture_percent":41}',
    });
    await runtime.unload();
    await runtime.load(sampleConfig({ mcp_servers, spec: { name: "a", capabilities: ["house"] } }));
    await runtime.process("hello");
    expect(engine.requests.at(-1)?.tools).toHaveLength(4);
    expect(runtime.notices).toEqual([]);
  });

  test("loads without a missing server and adds it later", async () => {
    const folder = await temporaryFolder();
    const missing = { house: { ...mcp_servers.house, command: ["./server"], working_directory: folder } };
    const engine = new ScriptedEngine(["a"]);
    await using runtime = new NanoRuntime({ engine });
    const spec = { name: "a", capabilities: ["house", "house_water"] };
    await runtime.load(sampleConfig({ intents, mcp_servers: missing, spec }));
    expect(runtime.notices).toEqual([expect.stringContaining("there is no program ./server")]);
    expect((await runtime.process("water bed 3")).content).toBe('Not now: There is no tool named "house_water".');
    const [node, file] = greenhouse.command;
    await writeFile(path.join(folder, "server"), `#!/bin/sh\nexec ${node} ${file}\n`, { mode: 0o755 });
    while ((await runtime.process("water bed 3")).content !== "Bed 3 was watered.") await pause(50);
    await runtime.process("hello");
    expect(engine.requests.at(-1)?.tools).toHaveLength(4);
    expect(runtime.notices).toEqual([]);
  });

  test.runIf(process.platform === "linux")("includes their memory in its own until they end", async () => {
    await using runtime = new NanoRuntime();
    await runtime.load(sampleConfig({ mcp_servers }));
    const { used_bytes, program_bytes, tools_bytes } = await runtime.memory();
    expect(tools_bytes).toBeGreaterThan(10 * 2 ** 20);
    expect(used_bytes).toBe(program_bytes + tools_bytes);
    await runtime.unload();
    await runtime.load(sampleConfig({}));
    expect((await runtime.memory()).tools_bytes).toBe(0);
  });

  test("uses its own tool where two have the same name", async () => {
    const tools = [
      { name: "house_water", description: "Waters.", command: ["echo", "mine"], permission: "always" as const },
    ];
    await using runtime = new NanoRuntime();
    await runtime.load(
      sampleConfig({
        intents: { definitions: [{ name: "w", sentences: ["water"], tool: "house_water" }] },
        mcp_servers,
        tools,
      }),
    );
    expect((await runtime.process("water")).content).toBe("mine");
    expect(runtime.notices).toEqual(['Ignored the MCP server\'s tool "house_water": another tool has the same name.']);
  });
});
