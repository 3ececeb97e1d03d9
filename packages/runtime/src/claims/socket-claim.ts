import { open, rename, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import path from "node:path";
import { ownIdentity } from "../processes/process-identity.js";
import type { Claim, ClaimOwner, ClaimState } from "./claim.js";

/** Longest socket path that every system supports, in bytes. */
const MAX_PATH_BYTES = 100;
const MAX_ANSWER_BYTES = 1024;
/** Timeout for an answer. A stopped or busy program does not answer, but the system still shows that it runs. */
const ANSWER_MILLISECONDS = 300;

/**
 * A claim by a socket in the folder (on Windows, a named pipe). The system frees it when its owner ends, for any
 * reason.
 */
export class SocketClaim implements Claim {
  readonly file: string;
  readonly #server: Server;
  readonly #state: { holds: boolean };

  private constructor(file: string, server: Server, state: { holds: boolean }) {
    this.file = file;
    this.#server = server;
    this.#state = state;
  }

  static async make(file: string, name: string): Promise<SocketClaim> {
    const state = { holds: false };
    const { pid, host } = ownIdentity();
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(JSON.stringify({ name, pid, host, holds: state.holds } satisfies ClaimOwner));
    });
    // A socket gets its final name once it can answer. One that cannot belongs to a program that has ended.
    const unfinished = `${file}.new`;
    await atAddress(unfinished, (address) => listen(server, address));
    try {
      if (process.platform === "win32") await writeFile(file, "", { flag: "wx" });
      else await rename(unfinished, file);
    } catch (error) {
      server.close();
      throw error;
    }
    server.unref();
    return new SocketClaim(file, server, state);
  }

  async settle(): Promise<void> {
    this.#state.holds = true;
  }

  async release(): Promise<void> {
    await rm(this.file, { force: true }).catch(() => {});
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Asks the owner of a socket. Only a refused connection proves that the owner has ended. */
export async function askSocketClaim(file: string): Promise<ClaimState> {
  const target = process.platform === "win32" ? `${file}.new` : file;
  const answer = await atAddress(target, ask).catch((error: NodeJS.ErrnoException) => error.code ?? "");
  if (answer === "ECONNREFUSED" || answer === "ENOENT") return { state: "gone" };
  try {
    const owner = JSON.parse(answer) as ClaimOwner;
    if (typeof owner.name === "string" && typeof owner.host === "string") return { state: "held", owner };
  } catch {
    // It runs, even if its answer is invalid.
  }
  return { state: "held", owner: null };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Every user with access to the folder may ask, regardless of the socket's creator.
    server.listen({ path: address, readableAll: true, writableAll: true }, () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve();
    });
  });
}

function ask(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    let answer = "";
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, ANSWER_MILLISECONDS);
    socket.setEncoding("utf8").on("data", (text) => {
      answer += text;
      if (answer.length > MAX_ANSWER_BYTES) end();
    });
    socket.once("end", end);
    socket.once("error", (error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    });
  });
}

/**
 * Calls `use` with the address of a socket file. If the path is too long for a socket, uses one through the open
 * folder.
 */
async function atAddress<Value>(file: string, use: (address: string) => Promise<Value>): Promise<Value> {
  if (process.platform === "win32") return use(`\\\\.\\pipe\\nanoagent-${path.basename(file)}`);
  if (Buffer.byteLength(file) <= MAX_PATH_BYTES) return use(file);
  if (process.platform !== "linux") {
    const relative = path.relative(process.cwd(), file);
    if (Buffer.byteLength(relative) <= MAX_PATH_BYTES) return use(relative);
    throw Object.assign(new Error("the path is too long for a socket"), { code: "ENAMETOOLONG" });
  }
  const folder = await open(path.dirname(file), "r");
  try {
    return await use(`/proc/self/fd/${folder.fd}/${path.basename(file)}`);
  } finally {
    await folder.close();
  }
}
