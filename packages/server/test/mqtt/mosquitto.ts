import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Debian has it in a folder for administrators. */
const places = ["mosquitto", "/usr/sbin/mosquitto"];
const mosquittoPath = places.find((place) => spawnSync(place, ["-h"]).error === undefined) ?? null;

/** Whether Mosquitto and its clients are installed. */
export const hasMosquitto = mosquittoPath !== null && spawnSync("mosquitto_pub", ["--help"]).error === undefined;

/** A Mosquitto of one test. */
export class Mosquitto {
  readonly folder = mkdtempSync(path.join(tmpdir(), "nanoagent-mosquitto-"));
  readonly port: number;
  #process: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
  }

  /**
   * `lines`: further lines of its config. `PORT` and `FOLDER` in them are replaced. With a file of passwords, the user is
   * `agent`, and the password `secret`.
   */
  static async start(lines: readonly string[] = [], port?: number): Promise<Mosquitto> {
    const broker = new Mosquitto(port ?? (await freePort()));
    mkdirSync(path.join(broker.folder, "data"), { recursive: true });
    const usual = [
      ...(lines.some((line) => line.startsWith("listener")) ? [] : [`listener PORT 127.0.0.1`]),
      ...(lines.some((line) => line.startsWith("allow_anonymous")) ? [] : ["allow_anonymous true"]),
      "persistence true",
      "persistence_location FOLDER/data/",
      "log_dest none",
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ];
    const text = [...usual, ...lines]
      .join("\n")
      .replaceAll("PORT", `${broker.port}`)
      .replaceAll("FOLDER", broker.folder);
    writeFileSync(path.join(broker.folder, "mosquitto.conf"), `${text}\n`);
    if (text.includes("password_file")) {
      const file = path.join(broker.folder, "passwords");
      execFileSync("mosquitto_passwd", ["-b", "-c", file, "agent", "secret"], { stdio: "ignore" });
    }
    await broker.startAgain();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Starts it after {@link end}. Resolves when it listens. */
  async startAgain(): Promise<void> {
    this.#process = spawn(mosquittoPath ?? "mosquitto", ["-c", path.join(this.folder, "mosquitto.conf")], {
      stdio: "ignore",
    });
    const started = this.#process;
    while (!(await listens(this.port))) {
      if (started.exitCode !== null) throw new Error(`Mosquitto ended with ${started.exitCode}.`);
      await pause(20);
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ended = this.#process;
    this.#process = null;
    if (ended === null || ended.exitCode !== null) return;
    const exit = once(ended, "exit");
    ended.kill(signal);
    await exit;
  }

  /** Publishes one message for each of a few lines. */
  async publish(topic: string, lines: readonly string[], options: readonly string[] = []): Promise<void> {
    const args = ["-h", "127.0.0.1", "-p", `${this.port}`, "-t", topic, "-q", "1", "-l", ...options];
    const publisher = spawn("mosquitto_pub", args, { stdio: ["pipe", "ignore", "inherit"] });
    publisher.stdin.end(lines.map((line) => `${line}\n`).join(""));
    const [code] = await once(publisher, "exit");
    if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}.`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const found = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "error").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return found;
}
