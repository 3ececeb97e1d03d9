// Parts of fleet.mjs: a broker, agents in processes of their own and many in one, and the program nanoagent.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
/** Longest wait for a start, in milliseconds: many agents start at the same time. */
const START_MILLISECONDS = 120_000;

/** Processes that are ended with this one. */
const children = new Set();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

function keep(child) {
  children.add(child);
  child.once("exit", () => children.delete(child));
  child.output = "";
  child.errors = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => (child.output += text));
  child.stderr?.setEncoding("utf8").on("data", (text) => (child.errors = `${child.errors}${text}`.slice(-20_000)));
  return child;
}

/** Ends a process, and resolves when it has ended. A second signal may come after the first. */
export async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** Waits until a condition, which may be asynchronous, returns something else than false, null and undefined. Returns that. */
export async function until(condition, milliseconds, otherwise, step = 50) {
  for (const deadline = performance.now() + milliseconds; ; ) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(typeof otherwise === "string" ? otherwise : otherwise());
    await pause(step);
  }
}

/** Calls a function for each value, a few at a time. */
export async function each(values, atOnce, work) {
  const rest = [...values];
  const worker = async () => {
    while (rest.length > 0) await work(rest.shift());
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** A Mosquitto on a free port of this machine, which keeps retained messages in a folder. */
export class Broker {
  #folder;
  #process = null;

  static async start(folder) {
    const broker = new Broker();
    broker.#folder = folder;
    broker.port = await freePort();
    broker.url = `mqtt://127.0.0.1:${broker.port}`;
    const lines = [
      `listener ${broker.port} 127.0.0.1`,
      "allow_anonymous true",
      "persistence true",
      `persistence_location ${folder}/data/`,
      // The file is written every second. By default, a broker that is killed loses what came in half an hour.
      "autosave_interval 1",
      "log_dest none",
      ...(process.getuid() === 0 ? ["user root"] : []),
    ];
    mkdirSync(path.join(folder, "data"), { recursive: true });
    writeFileSync(path.join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
    await broker.startAgain();
    return broker;
  }

  async startAgain() {
    const paths = `${process.env.PATH}:/usr/sbin`;
    const child = spawn("mosquitto", ["-c", path.join(this.#folder, "mosquitto.conf")], {
      env: { ...process.env, PATH: paths },
      stdio: "ignore",
    });
    child.once("error", () => {});
    this.#process = keep(child);
    await until(() => listens(this.port), 10_000, "Mosquitto does not start", 20);
  }

  async kill() {
    await end(this.#process, "SIGKILL");
  }

  removeData() {
    rmSync(path.join(this.#folder, "data"), { recursive: true, force: true });
    mkdirSync(path.join(this.#folder, "data"));
  }

  async publish(topic, text) {
    const child = keep(spawn("mosquitto_pub", ["-p", `${this.port}`, "-t", topic, "-q", "1", "-r", "-s"]));
    child.stdin.end(text);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}: ${child.errors}`);
  }

  /** Collects the topics of messages of a filter, also the retained ones, until `end` is called. */
  listen(filter) {
    const args = ["-p", `${this.port}`, "-q", "1", "-t", filter, "-F", "%l %t"];
    const child = keep(spawn("mosquitto_sub", args));
    return {
      /** Topics of messages that were not empty. */
      get topics() {
        const lines = child.output.split("\n").slice(0, -1);
        return [...new Set(lines.filter((line) => !line.startsWith("0 ")).map((line) => line.replace(/^\d+ /, "")))];
      },
      end: () => end(child, "SIGTERM"),
    };
  }

  /** Topics with a retained message. */
  async retained(filter) {
    const args = ["-p", `${this.port}`, "-t", filter, "-F", "%t", "--retained-only", "-W", "1"];
    const child = keep(spawn("mosquitto_sub", args));
    await once(child, "close");
    return child.output.split("\n").slice(0, -1);
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function listens(port) {
  const socket = connect(port, "127.0.0.1");
  const [isOpen] = await Promise.race([
    once(socket, "connect").then(() => [true]),
    new Promise((resolve) => socket.once("error", () => resolve([false]))),
  ]);
  socket.destroy();
  return isOpen;
}

/** The program nanoagent, with files in a folder of its own. */
export class Program {
  constructor(folder, variables = {}) {
    const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
    this.environment = { ...rest, XDG_STATE_HOME: path.join(folder, "state"), XDG_RUNTIME_DIR: folder, ...variables };
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  start(args) {
    return keep(spawn(process.execPath, [program, ...args], { env: this.environment, cwd: this.folder }));
  }

  /** Runs it to its end. Throws if the exit code is another one. */
  async run(args, expected = 0) {
    const began = performance.now();
    const child = this.start(args);
    child.stdin.end();
    const [code, signal] = await once(child, "close");
    if (code !== expected) {
      const said = `${child.errors}${child.output}`.trim().slice(-1500);
      throw new Error(`nanoagent ${args.slice(0, 3).join(" ")} ended with ${signal ?? code}: ${said}`);
    }
    return { stdout: child.output, stderr: child.errors, seconds: (performance.now() - began) / 1000 };
  }

  async json(args, expected = 0) {
    const { stdout, ...rest } = await this.run([...args, "--json"], expected);
    return { ...rest, value: JSON.parse(stdout), stdout };
  }
}

/** A device with its own process: `nanoagent serve` from a folder of releases. */
export class ServedAgent {
  #child = null;
  #url = "";

  constructor(id, folder, broker) {
    this.id = id;
    this.root = path.join(folder, id, "root");
    this.program = new Program(path.join(folder, id), { BROKER: broker, DEVICE_ID: id, SITE: "berlin" });
  }

  install(bundle, key) {
    return this.program.run(["bundle", "apply", bundle, "--root", this.root, "--trust", key, "--json"]);
  }

  async start() {
    const config = path.join(this.root, "current", "agent.yaml");
    this.#child = this.program.start(["serve", "--config", config, "--port", "0", "--json", "--log-level", "info"]);
    const child = this.#child;
    const isReady = () => {
      if (child.exitCode !== null) throw new Error(`${this.id} ended with ${child.exitCode}: ${child.errors}`);
      return child.output.includes("\n");
    };
    await until(isReady, START_MILLISECONDS, () => `${this.id} does not start: ${child.errors}`);
    this.#url = JSON.parse(child.output.split("\n")[0]).url;
  }

  get pid() {
    return this.#child.pid;
  }

  /** End of its log. */
  get log() {
    return this.#child?.errors ?? "";
  }

  signal(name) {
    this.#child.kill(name);
  }

  async end(signal = "SIGTERM") {
    await end(this.#child, signal);
  }

  /** Sends a message, and resolves with the reply and the moments of the question and of the reply. */
  async ask(content) {
    const asked = performance.now();
    const response = await fetch(`${this.#url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "garden", messages: [{ role: "user", content }] }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${this.id} answered with ${response.status}: ${text.slice(0, 300)}`);
    return { asked, answered: performance.now(), text: JSON.parse(text).choices[0].message.content };
  }

  /** Whether a process below this one has these words in its command line. */
  isRunning(words) {
    return processesBelow(this.pid).some((pid) => commandLineOf(pid).includes(words));
  }

  /** Resident memory, in MB. */
  get megabytes() {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))[1]) / 1024;
  }
}

function processesBelow(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    return children.flatMap((child) => [child, ...processesBelow(child)]);
  } catch {
    // It has ended.
    return [];
  }
}

function commandLineOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Many agents in one process: fleet-agents.mjs. */
export class AgentHost {
  #child;
  #calls = new Map();
  #count = 0;

  constructor(settings) {
    const file = fileURLToPath(new URL("fleet-agents.mjs", import.meta.url));
    const env = new Program(settings.folder).environment;
    this.#child = keep(fork(file, [JSON.stringify(settings)], { env, stdio: ["ignore", "pipe", "pipe", "ipc"] }));
    this.#child.on("message", ({ call, error }) => {
      const { resolve, reject } = this.#calls.get(call);
      this.#calls.delete(call);
      if (error === undefined) resolve();
      else reject(new Error(error));
    });
    this.#child.once("exit", (code) => {
      for (const { reject } of this.#calls.values())
        reject(new Error(`fleet-agents.mjs ended with ${code}: ${this.notes}`));
    });
  }

  /** End of the notices of its agents. */
  get notes() {
    return this.#child.errors;
  }

  start(id) {
    return this.#call("start", id);
  }

  stop(id) {
    return this.#call("stop", id);
  }

  get megabytes() {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))[1]) / 1024;
  }

  #call(what, id) {
    const call = this.#count++;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#child.send({ call, what, id });
    });
  }
}

/** Objects that a program prints as lines of JSON, each with the moment at which it came. */
export function linesOf(child) {
  const lines = [];
  const take = (line) => lines.push({ came: performance.now(), value: JSON.parse(line) });
  createInterface({ input: child.stdout }).on("line", take);
  return lines;
}

/** Asks an agent a question, again and again, while it is updated, and looks for the process that proves the release. */
export function watchRollback(agent, question) {
  const replies = [];
  const open = new Set();
  let [isProving, proven, isOver] = [false, null, false];
  const work = async () => {
    for (let turn = 0; !isOver; turn++) {
      const runs = agent.isRunning("bundle prove");
      if (isProving && !runs) proven ??= performance.now();
      isProving ||= runs;
      if (turn % 10 === 0) {
        const asking = agent.ask(question).then(
          (reply) => replies.push(reply),
          () => {},
        );
        open.add(asking);
        void asking.finally(() => open.delete(asking));
      }
      await pause(10);
    }
  };
  const working = work();
  return {
    /** Waits for the update, and for the replies to all messages. */
    async end(update) {
      await update.catch(() => {});
      isOver = true;
      await working;
      await Promise.all(open);
      if (proven === null) throw new Error("no process proved the release");
      const answered = replies.filter((reply) => reply.answered > proven).map((reply) => reply.answered);
      const outage = Math.max(...replies.map((reply) => (reply.answered - reply.asked) / 1000));
      return { outage, rollback: (Math.min(...answered) - proven) / 1000 };
    },
  };
}
