// Tests the installed program on this system with the Node that runs this file, and prints a row per check. Plain
// JavaScript without dependencies, so that it runs everywhere: in a chroot, an emulator or a virtual machine.
//
//   node smoke.mjs --install FOLDER [--model FILE] [--only NAME,NAME] [--without NAME[=REASON]]… [--slowness N]
//
// FOLDER has node_modules/@nanoagent/…, as install-packed.mjs creates it. Without --model, checks that need a model are
// skipped. --slowness multiplies all time limits; an emulator needs 20 or more.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    install: { type: "string" },
    model: { type: "string" },
    only: { type: "string" },
    without: { type: "string", multiple: true, default: [] },
    slowness: { type: "string", default: "1" },
  },
});
const install = path.resolve(values.install ?? ".");
const program = path.join(install, "node_modules/@nanoagent/cli/dist/main.js");
const slowness = Number(values.slowness);
const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-smoke-"));
process.setMaxListeners(100);
// Uses temporary state folders instead of the user's.
const environment = { ...process.env, XDG_STATE_HOME: path.join(folder, "state"), XDG_RUNTIME_DIR: folder };
delete environment.NODE_EXTRA_CA_CERTS;
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Thrown by a check that cannot run on this system. */
class Skipped extends Error {}

const model = values.model === undefined ? null : path.resolve(values.model);
const hasLlama = existsSync(path.join(install, "node_modules/@node-llama-cpp"));
const needsModel = () => {
  if (model === null) return "no --model given";
  return hasLlama ? null : "llama.cpp is not installed here";
};

/** Command tool: adds two numbers, or allocates a number of megabytes. */
const tool = `
const [what, one, other] = process.argv.slice(2);
if (what === "add") console.log(Number(one) + Number(other));
else {
  const held = [];
  for (let filled = 0; filled < Number(one); filled += 10) held.push(Buffer.alloc(10 * 2 ** 20, 1));
  console.log(held.length * 10);
}
`;

/** MCP server with one tool, over stdin and stdout. */
const mcpServer = `
import { createInterface } from "node:readline";
const tools = [{ name: "door", description: "Looks at the door.", inputSchema: { type: "object", properties: {} } }];
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue;
  const result =
    method === "initialize"
      ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "shed", version: "1" } }
      : method === "tools/list"
        ? { tools }
        : method === "tools/call"
          ? { content: [{ type: "text", text: "closed by the server" }] }
          : {};
  process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
}
`;

/** Engine that allocates memory until it is stopped, and records the amount. */
const greedyEngine = `
import { writeFileSync } from "node:fs";
export function openEngine({ file, megabytes }) {
  return {
    name: "greedy",
    contextTokens: null,
    countTokens: async () => 1,
    close: async () => {},
    async *generate() {
      const held = [];
      for (let touched = 2; touched <= megabytes; touched += 2) {
        held.push(Buffer.allocUnsafeSlow(2 * 2 ** 20).fill(1));
        writeFileSync(file, String(touched));
        if (touched % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      yield { type: "end", reason: "stop" };
    },
  };
}
`;

/** Checks by name. A check throws if it fails, and may return details for its row. */
const checks = {
  version: async () => {
    const { stdout } = await expectExit(0, ["--version"]);
    match(stdout, /\d+\.\d+\.\d+/);
    const seen = `nanoagent ${stdout.trim()} on Node ${process.version}, ${process.platform}-${process.arch}`;
    const codeRange = largestWritableCodeMb();
    return codeRange === null ? seen : `${seen}, V8's code range is ${codeRange} MB`;
  },

  profile: async () => {
    const { stdout } = await expectExit(0, ["profile", "--json"]);
    const { platform, memory_mb, cpu_cores } = JSON.parse(stdout);
    return `${platform}, ${memory_mb} MB, ${cpu_cores} cores`;
  },

  "init and check": async () => {
    const file = path.join(folder, "init.json");
    await expectExit(0, ["init", "--yes", "--name", "smoke", file]);
    const { stdout } = await expectExit(0, ["check", "--config", file]);
    match(stdout, /All is well/);
  },

  rules: async () => {
    const { stdout } = await expectExit(0, ["run", "--config", config("rules", {})], "hello\nstatus\n");
    match(stdout, /Hello from rules!/);
    match(stdout, /Runtime status: OK\./);
  },

  embed: async () => {
    const require = createRequire(path.join(install, "package.json"));
    const { NanoRuntime } = await import(pathToFileURL(require.resolve("@nanoagent/runtime")).href);
    const runtime = new NanoRuntime();
    const device = { device_id: "d", platform: "linux", memory_mb: 512, cpu_cores: 1 };
    await runtime.load({ spec: { name: "embedded", max_memory_mb: 64 }, device });
    match((await runtime.process("hello")).content, /Hello from embedded!/);
    await runtime.unload();
  },

  "tools and intents": async () => {
    const agent = await talkTo(config("tools", toolSettings()));
    match((await agent.say("add 20 and 22")).content, /^The sum is 42\./);
    await agent.end();
  },

  "a tool's limit": async () => {
    const agent = await talkTo(config("tool-limit", toolSettings()));
    const { content } = await agent.say("fill 400 megabytes");
    match(content, /^It did not fit/);
    // Memory that Node reserves for code does not count toward the limit.
    const { content: touched } = await agent.say("fill 40 megabytes");
    match(touched, /^Filled 40/);
    await agent.end();
  },

  mcp: async () => {
    const file = path.join(folder, "server.mjs");
    writeFileSync(file, mcpServer);
    const settings = {
      mcp_servers: { shed: { command: [process.execPath, file], permission: "always", start_timeout_seconds: 60 } },
      intents: {
        definitions: [
          {
            name: "ask the server",
            sentences: { en: ["is the door open"] },
            tool: "shed_door",
            answer: "It is {result}.",
          },
        ],
      },
    };
    const agent = await talkTo(config("mcp", settings));
    match((await agent.say("is the door open")).content, /^It is closed by the server\./);
    await agent.end();
  },

  "a remote engine": async () => {
    const server = await startModelServer();
    try {
      const url = `http://127.0.0.1:${server.address().port}/v1`;
      const settings = { engine: { type: "openai-compatible", url, model: "m" } };
      const agent = await talkTo(config("remote", settings));
      match((await agent.say("Who are you?")).content, /^You said: Who are you\?$/);
      await agent.end();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },

  "a session outlives kill -9": async () => {
    const file = config("session", { session: { dir: path.join(folder, "session-state") } });
    const said = [];
    for (let round = 0; round < 5; round++) {
      const agent = await talkTo(file);
      for (const text of [`hello ${round}`, `status ${round}`]) {
        await agent.say(text);
        said.push(text);
      }
      await agent.kill();
    }
    const { stdout } = await expectExit(0, ["sessions", "export", "--config", file, "--format", "json"]);
    const lost = said.filter((text) => !stdout.includes(text));
    if (lost.length > 0) throw new Error(`lost acknowledged turns: ${lost.join(", ")}`);
    return `${said.length} turns, 5 kills, none lost`;
  },

  "a model answers in its own process": async () => {
    const agent = await talkTo(config("model", modelSettings()));
    const { content } = await agent.say("In which city is the Eiffel Tower?", { temperature: 0, max_tokens: 24 });
    match(content, /Paris/);
    const host = agent.engineHost();
    if (host === null) throw new Error("the engine's process was not found");
    const limit = dataLimitMb(host);
    await agent.end();
    return limit === null ? "no RLIMIT_DATA" : `RLIMIT_DATA is ${limit} MB`;
  },

  "a killed engine comes back": async () => {
    const agent = await talkTo(config("killed", modelSettings()));
    await agent.say("Say hello.", { temperature: 0, max_tokens: 4 });
    const host = agent.engineHost() ?? fail("the engine's process was not found");
    process.kill(host, "SIGKILL");
    const { content } = await agent.say("What is the capital of Italy?", { temperature: 0, max_tokens: 24 });
    match(content, /[a-z]{3}/i);
    if (agent.engineHost() === host) throw new Error("the engine's process was not replaced");
    await agent.end();
  },

  "an abort ends a reply": async () => {
    const agent = await talkTo(config("abort", modelSettings()));
    await agent.say("Say hello.", { max_tokens: 2 });
    agent.send("Write a very long story about a greenhouse.", { max_tokens: 400 });
    await new Promise((resolve) => setTimeout(resolve, 300 * slowness));
    const host = agent.engineHost();
    const began = Date.now();
    const exitCode = await agent.interrupt();
    if (exitCode !== 130) throw new Error(`exit code ${exitCode} instead of 130`);
    const took = Date.now() - began;
    if (took > 4000 * slowness) throw new Error(`ending took ${took} ms`);
    await until(() => host === null || !isRunning(host), 2000 * slowness, "the engine's process is still running");
    return `${took} ms`;
  },

  "a budget that is too small is refused": async () => {
    const file = config("small", {
      ...modelSettings(),
      spec: { name: "small", max_memory_mb: 60, max_model_size_mb: 2000 },
    });
    const { stderr } = await expectExit(3, ["run", "--config", file, "--once", "hello"]);
    match(stderr, /memory|MB/);
  },

  "without llama.cpp a model is refused": async () => {
    if (model === null) throw new Skipped("no --model given");
    if (hasLlama) throw new Skipped("llama.cpp is installed here");
    const file = config("no-llama", modelSettings());
    const { stderr } = await expectExit(2, ["run", "--config", file, "--once", "hello"]);
    const { stdout } = await expectExit(2, ["check", "--config", file]);
    if (stdout.includes("All is well")) throw new Error("check reports no problem");
    return stderr.trim().split("\n")[0];
  },

  "an engine's limit is enforced": async () => {
    const shareMb = 300;
    const { error, touched } = await takeMemory({ dataBytes: shareMb * 2 ** 20 });
    expectOutOfMemory(error, touched);
    if (touched > shareMb || touched < shareMb / 2) throw new Error(`used ${touched} of ${shareMb} MB`);
    return `stopped at ${touched} of ${shareMb} MB`;
  },

  "an engine's memory cgroup is enforced": async () => {
    const limitMb = 500;
    const group = makeMemoryGroup(limitMb * 2 ** 20);
    try {
      const { error, touched } = await takeMemory({ group });
      expectOutOfMemory(error, touched);
      if (touched > limitMb) throw new Error(`used ${touched} of ${limitMb} MB`);
      return `cgroup v${group.version}: killed at ${touched} of ${limitMb} MB`;
    } finally {
      await group.remove();
    }
  },
};

const modelChecks = new Set([
  "a model answers in its own process",
  "a killed engine comes back",
  "an abort ends a reply",
  "a budget that is too small is refused",
]);

const only = values.only?.split(",");
const without = new Map(
  values.without.map((text) => {
    const [, name, reason] = /^([^=]*)=?(.*)$/s.exec(text);
    return [name, reason || "excluded by --without"];
  }),
);
for (const name of [...(only ?? []), ...without.keys()]) {
  if (!Object.hasOwn(checks, name)) {
    process.stderr.write(`Unknown check: ${name}. Use one of: ${Object.keys(checks).join(", ")}\n`);
    process.exit(2);
  }
}
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const [name, check] of Object.entries(checks)) {
  if (only !== undefined && !only.includes(name)) continue;
  const reason = without.get(name) ?? (modelChecks.has(name) ? needsModel() : null);
  if (reason !== null) {
    skip(name, reason);
    continue;
  }
  const began = Date.now();
  try {
    const seen = await check();
    counts.passed += 1;
    console.log(`ok       ${name}${seen ? `: ${seen}` : ""} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    if (error instanceof Skipped) {
      skip(name, error.message);
      continue;
    }
    counts.failed += 1;
    console.log(`FAILED   ${name}: ${error.message.replace(/\s+/g, " ").slice(0, 600)}`);
  }
}
console.log(`smoke: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 ? 0 : 1);

function skip(name, reason) {
  counts.skipped += 1;
  console.log(`skipped  ${name}: ${reason}`);
}

/** Writes a config into a subfolder, and returns its path. */
function config(name, settings) {
  const place = path.join(folder, name);
  mkdirSync(place, { recursive: true });
  const file = path.join(place, "agent.json");
  writeFileSync(file, JSON.stringify({ spec: { name, max_memory_mb: 64 }, device: "auto", ...settings }));
  return file;
}

function modelSettings() {
  return {
    spec: { name: "smoke", max_memory_mb: 600, max_model_size_mb: 2000 },
    model_path: model,
    engine: { context: 512 },
  };
}

function toolSettings() {
  const file = path.join(folder, "tool.mjs");
  writeFileSync(file, tool);
  return {
    // Tools share the agent's budget. The tool that fills memory has a lower limit.
    spec: { name: "tools", max_memory_mb: 400 },
    tools: [
      {
        name: "add",
        description: "Adds two numbers.",
        command: [process.execPath, file, "add", "{one}", "{other}"],
        arguments: { one: { type: "integer", description: "One." }, other: { type: "integer", description: "Other." } },
        changes_world: false,
        timeout_seconds: 120,
      },
      {
        name: "fill",
        description: "Fills memory.",
        command: [process.execPath, file, "fill", "{megabytes}"],
        arguments: { megabytes: { type: "integer", description: "How many megabytes." } },
        changes_world: false,
        max_memory_mb: 200,
        timeout_seconds: 120,
      },
    ],
    intents: {
      slots: { one: { from: 0, to: 1000 }, other: { from: 0, to: 1000 }, megabytes: { from: 0, to: 1000 } },
      definitions: [
        { name: "add", sentences: { en: ["add {one} and {other}"] }, tool: "add", answer: "The sum is {result}." },
        {
          name: "fill",
          sentences: { en: ["fill {megabytes} megabytes"] },
          tool: "fill",
          answer: "Filled {result}.",
          failure: "It did not fit: {error}",
        },
      ],
    },
  };
}

/** Runs the greedy engine in a process with these limits. Returns its error and the megabytes that it allocated. */
async function takeMemory(limits) {
  const require = createRequire(path.join(install, "package.json"));
  const { HostedEngine } = await import(pathToFileURL(require.resolve("@nanoagent/runtime/engines/llama")).href);
  const module = path.join(folder, "greedy-engine.mjs");
  const file = path.join(folder, "touched");
  writeFileSync(module, greedyEngine);
  rmSync(file, { force: true });
  const options = { file, megabytes: 1024 };
  const engine = await HostedEngine.open({
    start: { source: { kind: "module", url: pathToFileURL(module).href, options }, limits },
  });
  let error = null;
  const request = { instructions: null, messages: [{ role: "user", content: "take" }] };
  for await (const event of engine.generate(request)) if (event.type === "error") error = event.error;
  await engine.close();
  return { error, touched: Number(readFileSync(file, "utf8")) };
}

function expectOutOfMemory(error, touched) {
  if (error?.code === "engine-out-of-memory") return;
  const seen = error === null ? "no error" : `${error.code}: ${error.message} ${error.reason ?? ""}`;
  throw new Error(`after ${touched} MB: ${seen}`);
}

/** Creates a memory cgroup below that of this process. Throws Skipped if that is not possible. */
function makeMemoryGroup(limitBytes) {
  const found = findMemoryGroup();
  if (found === null) throw new Skipped("no memory cgroup is mounted");
  const directory = path.join(found.directory, `nanoagent-smoke-${process.pid}`);
  try {
    if (found.version === 2) {
      const control = path.join(found.directory, "cgroup.subtree_control");
      if (!readFileSync(control, "utf8").includes("memory")) writeFileSync(control, "+memory");
    }
    mkdirSync(directory);
    writeFileSync(
      path.join(directory, found.version === 1 ? "memory.limit_in_bytes" : "memory.max"),
      String(limitBytes),
    );
  } catch (error) {
    throw new Skipped(`cannot create a memory cgroup: ${error.message}`);
  }
  const counted = path.join(directory, found.version === 1 ? "memory.oom_control" : "memory.events");
  return {
    version: found.version,
    processesFile: path.join(directory, "cgroup.procs"),
    killedForMemory: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(counted, "utf8"))?.[1] ?? 0) > 0,
    // The kernel keeps a group busy for a moment after its last process ends.
    remove: () =>
      until(
        () => {
          try {
            rmdirSync(directory);
          } catch (error) {
            if (error.code === "EBUSY") return false;
          }
          return true;
        },
        5000 * slowness,
        `cannot remove ${directory}`,
      ),
  };
}

function findMemoryGroup() {
  if (!existsSync("/proc/self/cgroup")) return null;
  const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
  const own = (controller) =>
    lines.map((line) => line.split(":")).find(([, list]) => list.split(",").includes(controller));
  const first = own("memory");
  if (first !== undefined) {
    const directory = path.join("/sys/fs/cgroup/memory", first.slice(2).join(":"));
    return existsSync(directory) ? { version: 1, directory } : null;
  }
  const second = own("");
  if (second === undefined || !existsSync("/sys/fs/cgroup/cgroup.controllers")) return null;
  return { version: 2, directory: path.join("/sys/fs/cgroup", second.slice(2).join(":")) };
}

/** Starts an OpenAI-compatible server on loopback whose model echoes messages, streamed or whole. */
async function startModelServer() {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    const sendJson = (value, status = 200) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (request.url === "/v1/models") return sendJson({ data: [{ id: "m" }] });
    if (request.url !== "/v1/chat/completions") return sendJson({ detail: "Not Found" }, 404);
    const { stream, messages } = JSON.parse(body);
    const content = `You said: ${messages.at(-1).content}`;
    const whole = { id: "1", created: 1, model: "m" };
    const message = { role: "assistant", content };
    if (!stream) return sendJson({ ...whole, choices: [{ index: 0, message, finish_reason: "stop" }] });
    response.writeHead(200, { "content-type": "text/event-stream" });
    const deltas = [{ role: "assistant", content: "" }, ...content.split(/(?= )/).map((text) => ({ content: text }))];
    for (const delta of deltas) {
      const choices = [{ index: 0, delta, finish_reason: null }];
      response.write(`data: ${JSON.stringify({ ...whole, object: "chat.completion.chunk", choices })}\n\n`);
    }
    const choices = [{ index: 0, delta: {}, finish_reason: "stop" }];
    response.end(`data: ${JSON.stringify({ ...whole, object: "chat.completion.chunk", choices })}\n\ndata: [DONE]\n\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Runs the program, checks its exit code, and returns its output. */
async function expectExit(expected, commandLine, input = "") {
  const child = spawn(process.execPath, [program, ...commandLine], { env: environment, stdio: "pipe" });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [exitCode, signal] = await within(once(child, "close"), 60_000 * slowness, () => child.kill("SIGKILL"));
  if (exitCode !== expected) {
    const said = `${output.stderr}${output.stdout}`.trim().slice(-600);
    throw new Error(`nanoagent ${commandLine.join(" ")} ended with ${signal ?? exitCode}: ${said}`);
  }
  return output;
}

/** Starts a conversation with the program over lines of JSON. */
async function talkTo(file) {
  const child = spawn(process.execPath, [program, "run", "--config", file, "--jsonl"], {
    env: environment,
    stdio: "pipe",
  });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (told = (told + text).slice(-2000)));
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = once(child, "close");
  const stop = () => child.kill("SIGKILL");
  process.on("exit", stop);
  const send = (content, sampling = {}) => child.stdin.write(`${JSON.stringify({ content, sampling })}\n`);
  return {
    send,
    async say(content, sampling) {
      send(content, sampling);
      const { value, done } = await within(lines.next(), 120_000 * slowness, stop);
      if (done) throw new Error(`the program ended: ${told.trim()}`);
      const reply = JSON.parse(value);
      if (reply.error !== undefined)
        throw new Error(`${reply.error.code}: ${reply.error.message} ${reply.error.reason ?? ""}`);
      return reply;
    },
    engineHost: () => descendants(child.pid).find((id) => commandLineOf(id).includes("host-program")) ?? null,
    async end() {
      child.stdin.end();
      const [exitCode, signal] = await within(closed, 30_000 * slowness, stop);
      if (exitCode !== 0) throw new Error(`the program ended with ${signal ?? exitCode}: ${told.trim()}`);
    },
    async kill() {
      stop();
      await closed;
    },
    async interrupt() {
      child.kill("SIGINT");
      return (await within(closed, 30_000 * slowness, stop))[0];
    },
  };
}

async function within(promise, milliseconds, otherwise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      otherwise();
      reject(new Error(`no answer within ${milliseconds} ms`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function until(condition, milliseconds, otherwise) {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > milliseconds) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Returns all descendants of a process; none without /proc. */
function descendants(processId) {
  const children = new Map();
  for (const name of existsSync("/proc") ? readdirSync("/proc") : []) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(
        readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ")[1],
      );
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // The process has ended.
    }
  }
  const below = (id) => (children.get(id) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(processId);
}

function commandLineOf(processId) {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function dataLimitMb(processId) {
  const bytes = Number(/^Max data size\s+(\d+)/m.exec(readFileSync(`/proc/${processId}/limits`, "utf8"))?.[1]);
  return Number.isFinite(bytes) ? Math.round(bytes / 2 ** 20) : null;
}

/** Returns V8's code range in MB, or null if there is none. All of it counts against RLIMIT_DATA. */
function largestWritableCodeMb() {
  const maps = existsSync("/proc/self/maps") ? readFileSync("/proc/self/maps", "utf8") : "";
  const sizes = [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rwxp/gm)].map(
    ([, begin, end]) => (Number.parseInt(end, 16) - Number.parseInt(begin, 16)) / 2 ** 20,
  );
  const largest = Math.round(Math.max(0, ...sizes));
  return largest >= 1 ? largest : null;
}

/** Whether a process runs. A zombie still has an entry in /proc, but no command line. */
function isRunning(processId) {
  return commandLineOf(processId) !== "";
}

function match(text, pattern) {
  if (!pattern.test(text)) throw new Error(`${JSON.stringify(text.slice(-400))} does not match ${pattern}`);
}

function fail(message) {
  throw new Error(message);
}
