import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

/** Debian has it in a folder for administrators. */
const program = ["mosquitto", "/usr/sbin/mosquitto"].find((place) => spawnSync(place, ["-h"]).error === undefined);

/** Messages that are published at once, and the time until the next ones. */
const BATCH = 20;
const BATCH_MILLISECONDS = 10;

/** Whether Mosquitto and its clients are installed. */
export const hasMosquitto =
  program !== undefined && spawnSync("mosquitto_pub", ["--help"], { stdio: "ignore" }).error === undefined;

/** Mosquitto on a free port of this machine. */
export class LocalBroker {
  #child;
  #port;

  /** @param {string} folder for its config @param {number} port */
  constructor(folder, port) {
    this.#port = port;
    const config = path.join(folder, "mosquitto.conf");
    const lines = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "max_queued_messages 0", "log_dest none"];
    if (process.getuid?.() === 0) lines.push("user root");
    writeFileSync(config, `${lines.join("\n")}\n`);
    this.#child = spawn(program ?? "mosquitto", ["-c", config], { stdio: "ignore" });
  }

  /** Starts a broker. Resolves when it listens. @param {string} folder */
  static async start(folder) {
    const broker = new LocalBroker(folder, await freePort());
    while (!(await listens(broker.#port))) {
      if (broker.#child.exitCode !== null) throw new Error(`Mosquitto ended with ${broker.#child.exitCode}`);
      await setTimeout(20);
    }
    return broker;
  }

  get url() {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  /**
   * Publishes a message at QoS 1 many times: 2,000 in a second, which one client of a busy broker may get.
   *
   * @param {string} topic
   * @param {string} payload
   * @param {number} count
   */
  async publish(topic, payload, count) {
    const args = ["-h", "127.0.0.1", "-p", String(this.#port), "-t", topic, "-q", "1", "-l"];
    const publisher = spawn("mosquitto_pub", args, { stdio: ["pipe", "ignore", "ignore"] });
    const ended = once(publisher, "exit");
    for (let left = count; left > 0; left -= BATCH) {
      publisher.stdin.write(`${payload}\n`.repeat(Math.min(left, BATCH)));
      await setTimeout(BATCH_MILLISECONDS);
    }
    publisher.stdin.end();
    const [code] = await ended;
    if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
  }

  end() {
    this.#child.kill("SIGKILL");
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}

/** @param {number} port @returns {Promise<boolean>} */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
