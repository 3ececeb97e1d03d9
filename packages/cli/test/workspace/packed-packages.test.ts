import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../run-program.js";

const execute = promisify(execFile);
const names = ["models", "profiler", "optimizer", "hub", "runtime", "server", "fleet", "cli"] as const;
type Name = (typeof names)[number];

let folder: string;
const tarballs = {} as Record<Name, string>;

/** Installs packed packages into a new folder, as a user would. */
async function install(title: string, ...wanted: Name[]): Promise<string> {
  const place = path.join(folder, title);
  await mkdir(place);
  await writeFile(path.join(place, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const files = wanted.map((name) => tarballs[name]);
  await npm(place, "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", ...files);
  return place;
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  await execute("npm", args, { cwd, shell: process.platform === "win32" });
}

async function node(cwd: string, source: string, type = "module"): Promise<string> {
  return (await execute(process.execPath, [`--input-type=${type}`, "--eval", source], { cwd })).stdout;
}

async function typeCheck(cwd: string, source: string): Promise<void> {
  await writeFile(path.join(cwd, "use.ts"), source);
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2023", "DOM", "ESNext.Disposable"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
  };
  await writeFile(path.join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
  const tsc = path.join(repository, "node_modules/typescript/bin/tsc");
  await execute(process.execPath, [tsc, "-p", cwd]).catch(({ stdout }) => expect.fail(stdout));
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-packed-"));
  for (const name of names) {
    const args = ["pack", "--json", "--pack-destination", folder];
    const cwd = path.join(repository, "packages", name);
    const { packageManager } = JSON.parse(await readFile(path.join(repository, "package.json"), "utf8"));
    const { stdout } = await execute("npx", ["--yes", packageManager, ...args], {
      cwd,
      shell: process.platform === "win32",
    });
    tarballs[name] = JSON.parse(stdout).filename;
  }
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 };
const talk = `
  const runtime = new NanoRuntime();
  await runtime.load({ spec: { name: "shed", max_memory_mb: 64 }, device: ${JSON.stringify(device)} });
  console.log((await runtime.process("hello")).content);
  await runtime.unload();`;

describe("models alone", () => {
  let place: string;
  beforeAll(async () => {
    place = await install("models", "models");
  });

  test("installs as one package", async () => {
    expect(await readdir(path.join(place, "node_modules/@nanoagent"))).toEqual(["models"]);
    expect((await readdir(path.join(place, "node_modules"))).filter((name) => !name.startsWith("."))).toEqual([
      "@nanoagent",
    ]);
  });

  test("contains its license, those of inlined code, and its JSON Schemas, but no sources or tests", async () => {
    const root = path.join(place, "node_modules/@nanoagent/models");
    expect((await readdir(root)).sort()).toEqual(["LICENSE", "README.md", "dist", "package.json", "schemas"]);
    expect(await readFile(path.join(root, "dist/THIRD-PARTY-LICENSES.txt"), "utf8")).toMatch(/^zod .*MIT/m);
    expect(await readFile(path.join(root, "dist/index.d.ts"), "utf8")).not.toMatch(/zod/i);
  });

  test("works by import and by require", async () => {
    const use = `console.log(JSON.stringify(AgentSpec.parse({ name: "a" })));`;
    const spec = { name: "a", version: "0.1.0", capabilities: [], max_memory_mb: 256, max_model_size_mb: 100 };
    expect(JSON.parse(await node(place, `import { AgentSpec } from "@nanoagent/models"; ${use}`))).toEqual(spec);
    expect(
      JSON.parse(await node(place, `const { AgentSpec } = require("@nanoagent/models"); ${use}`, "commonjs")),
    ).toEqual(spec);
  });

  test("compiles with tsc", () =>
    typeCheck(
      place,
      `import { AgentSpec, type NanoAgentConfigInput, NanoAgentError } from "@nanoagent/models";
       const spec: AgentSpec = AgentSpec.parse({ name: "a" });
       const config: NanoAgentConfigInput = { spec: { name: spec.name }, device: ${JSON.stringify(device)} };
       // @ts-expect-error an unknown key
       const wrong: NanoAgentConfigInput = { ...config, spec: { name: "a", max_memry_mb: 5 } };
       export const error = new NanoAgentError({ code: "x", message: String(wrong) });`,
    ));
});

describe("runtime and models", () => {
  let place: string;
  beforeAll(async () => {
    place = await install("runtime", "runtime", "models");
  });

  test("install as exactly two packages", async () => {
    expect(await readdir(path.join(place, "node_modules/@nanoagent"))).toEqual(["models", "runtime"]);
    expect((await readdir(path.join(place, "node_modules"))).filter((name) => !name.startsWith("."))).toEqual([
      "@nanoagent",
    ]);
  });

  test("work by import and by require", async () => {
    expect(await node(place, `import { NanoRuntime } from "@nanoagent/runtime"; ${talk}`)).toBe(
      "Hello from shed! How can I assist?\n",
    );
    const required = `const { NanoRuntime } = require("@nanoagent/runtime"); void (async () => { ${talk} })();`;
    expect(await node(place, required, "commonjs")).toBe("Hello from shed! How can I assist?\n");
  });

  test("read a JSON config without optional packages", async () => {
    await writeFile(path.join(place, "agent.json"), JSON.stringify({ spec: { name: "shed" }, device }));
    const read = `import { readConfig } from "@nanoagent/runtime/node"; console.log((await readConfig("agent.json")).spec.name);`;
    expect(await node(place, read)).toBe("shed\n");
  });

  test.each([
    ["agent.yaml", "spec: {name: shed}", "yaml"],
    ["auto.json", '{"spec": {"name": "shed"}, "device": "auto"}', "@nanoagent/profiler"],
  ])("name the package to install if %s needs one", async (file, text, peer) => {
    await writeFile(path.join(place, file), text);
    const read = `import { MissingPeerError, readConfig } from "@nanoagent/runtime/node";
      const error = await readConfig("${file}").catch((error) => error);
      console.log(JSON.stringify({ ...error.toJSON(), is: error instanceof MissingPeerError, peer: error.peer }));`;
    expect(JSON.parse(await node(place, read))).toMatchObject({
      is: true,
      code: "missing-peer",
      peer,
      hint: `Run: npm install ${peer}`,
    });
  });

  test("name the package to install for an MCP server", async () => {
    const use = `
      import { NanoRuntime } from "@nanoagent/runtime";
      const config = { spec: { name: "a" }, device: ${JSON.stringify(device)}, mcp_servers: { house: { command: ["true"] } } };
      const { code, hint } = await new NanoRuntime().load(config).catch((error) => error);
      console.log(JSON.stringify({ code, hint }));`;
    expect(JSON.parse(await node(place, use))).toEqual({
      code: "missing-peer",
      hint: "Run: npm install @modelcontextprotocol/client",
    });
  });

  test("recognize each other's errors", async () => {
    const use = `import { NanoAgentError } from "@nanoagent/models"; import { NanoRuntime } from "@nanoagent/runtime";
      const error = await new NanoRuntime().process("hello").catch((error) => error);
      console.log(NanoAgentError.isInstance(error), error instanceof NanoAgentError, error.code);`;
    expect(await node(place, use)).toBe("true true not-loaded\n");
  });

  test("compile with tsc", () =>
    typeCheck(
      place,
      `import { type Engine, type EngineEvent, NanoRuntime } from "@nanoagent/runtime";
       import { InvalidConfigError, readConfig } from "@nanoagent/runtime/node";
       import { ScriptedEngine, testEngine } from "@nanoagent/runtime/testing";
       class Echo implements Engine {
         readonly name = "echo";
         readonly contextTokens = null;
         async *generate(): AsyncGenerator<EngineEvent> { yield { type: "end", reason: "stop" }; }
         countTokens(text: string): number { return text.length; }
         async close(): Promise<void> {}
       }
       testEngine(() => new Echo(), (name, body) => [name, body]);
       await using runtime = new NanoRuntime({ engine: new ScriptedEngine(["Yes."]) });
       await runtime.load(await readConfig("agent.json"));
       for await (const event of runtime.stream("hello", { signal: AbortSignal.timeout(1000) })) {
         if (event.type === "error" && event.error instanceof InvalidConfigError) console.log(event.error.issues);
         if (event.type === "run-end") console.log(event.reply.content);
       }`,
    ));
});

describe("server, runtime and models", () => {
  let place: string;
  beforeAll(async () => {
    place = await install("server", "server", "runtime", "models");
  });

  test("install as exactly three packages", async () => {
    expect(await readdir(path.join(place, "node_modules/@nanoagent"))).toEqual(["models", "runtime", "server"]);
  });

  test("serve an agent, over a socket and mounted", async () => {
    const use = `
      import { openAgent } from "@nanoagent/runtime";
      import { createServer } from "@nanoagent/server";
      const agent = await openAgent({ spec: { name: "shed", max_memory_mb: 64 }, device: ${JSON.stringify(device)} });
      const server = createServer(agent);
      const { url } = await server.listen({ port: 0 });
      const ask = { method: "POST", body: JSON.stringify({ model: "shed", messages: [{ role: "user", content: "hello" }] }) };
      for (const reply of [await fetch(url + "/v1/chat/completions", ask), await server.fetch(new Request("http://localhost/v1/chat/completions", ask))])
        console.log((await reply.json()).choices[0].message.content);
      await server.close();
      await agent.close();`;
    const hello = "Hello from shed! How can I assist?\n";
    expect(await node(place, use)).toBe(hello + hello);
  });

  test("compile with tsc", () =>
    typeCheck(
      place,
      `import { openAgent } from "@nanoagent/runtime";
       import { type AgentServer, createServer, findServices, ServiceError } from "@nanoagent/server";
       await using agent = await openAgent({ spec: { name: "a" }, device: ${JSON.stringify(device)} });
       await using server: AgentServer = createServer(agent, { log: ({ level, event }) => console.log(level, event) });
       const detach = server.permissions.attach(({ id, request }) => server.permissions.answer(id, request.tool === "lamp"));
       const response: Response = await server.fetch(new Request("http://localhost/health"));
       const { url, madeKey } = await server.listen({ port: 0 }).catch((error) => {
         throw error instanceof ServiceError ? new Error(error.code) : error;
       });
       // @ts-expect-error an unknown setting
       createServer(agent, { settings: { prot: 1 } });
       detach();
       export const all = [response.status, url, madeKey?.key, (await findServices())[0]?.status?.health.ready];`,
    ));
});

describe("the program", () => {
  test("installs as one package", async () => {
    const place = await install("cli-alone", "cli");
    expect(await readdir(path.join(place, "node_modules/@nanoagent"))).toEqual(["cli"]);
    expect(await useProgram(place)).toBe("Hello from shed! How can I assist?");
  });

  test.skipIf(process.platform === "win32")(
    "creates, checks and runs an agent after a global installation",
    async () => {
      const prefix = path.join(folder, "prefix");
      await npm(
        folder,
        "install",
        "--global",
        "--prefix",
        prefix,
        "--offline",
        "--no-audit",
        "--no-fund",
        tarballs.cli,
      );
      const place = path.join(folder, "shed");
      await mkdir(place);
      const PATH = `${path.join(prefix, "bin")}${path.delimiter}${process.env.PATH}`;
      const script = "nanoagent init && nanoagent check && echo note that it works | nanoagent run";
      const { stdout, stderr } = await execute("sh", ["-c", script], { cwd: place, env: { ...process.env, PATH } });
      expect(stdout).toMatch(
        /^Wrote agent\.yaml and \.nanoagent\/\S+\.json: 'shed' [\s\S]*\nAll is well\.\n[\s\S]*\nAgent: Noted: it works\nSession ended\.\n$/,
      );
      expect(stderr).toBe("");
    },
  );

  test("works beside all other packages", async () => {
    const place = await install("cli-with-all", ...names);
    expect(await useProgram(place)).toBe("Hello from shed! How can I assist?");
    const use = `import { DeviceProfiler } from "@nanoagent/profiler"; import { FixtureMachine } from "@nanoagent/profiler/testing";
      import { ModelOptimizer } from "@nanoagent/optimizer";
      const device = await new DeviceProfiler().profile();
      console.log(typeof FixtureMachine, new ModelOptimizer().quantizeConfig(7000, 64).quantization, new ModelOptimizer().estimateLatency(1, device) > 0);`;
    expect(await node(place, use)).toBe("function int2 true\n");
    await typeCheck(
      place,
      `import { DeviceProfiler, type Machine } from "@nanoagent/profiler"; import { FixtureMachine } from "@nanoagent/profiler/testing";
       import { ModelOptimizer, type QuantizationAdvice } from "@nanoagent/optimizer";
       const machine: Machine = new FixtureMachine({ platform: "linux", machineType: "aarch64" });
       const device = await new DeviceProfiler({ machine }).profile();
       export const advice: QuantizationAdvice = new ModelOptimizer().quantizeConfig(7000, device.memory_mb);`,
    );
  });

  /** Runs the bin that npm linked, with a YAML config, and returns the agent's reply. */
  async function useProgram(place: string): Promise<string> {
    await writeFile(path.join(place, "agent.yaml"), "spec: {name: shed}\n");
    const bin = path.join(place, "node_modules/.bin/nanoagent");
    const shell = process.platform === "win32";
    expect((await execute(bin, ["profile"], { shell })).stdout).toMatch(/^Device ID: {3}\S+\n/);
    expect((await execute(bin, ["--version"], { shell })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const running = execute(bin, ["run", "--config", "agent.yaml", "--json"], { cwd: place, shell });
    running.child.stdin?.end("hello\n");
    return JSON.parse((await running).stdout).content;
  }
});
