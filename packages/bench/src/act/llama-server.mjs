import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

const START_MILLISECONDS = 300_000;
const POLL_MILLISECONDS = 250;
const CONTEXT_TOKENS = 8192;

/** @typedef {{ threads?: number, contextTokens?: number }} ServerLimits without threads, the server chooses */

/**
 * Starts llama-server with a model and its template engine on a free port, and waits until it answers.
 *
 * @param {string} program
 * @param {string} model
 * @param {ServerLimits} [limits]
 * @returns {Promise<{ url: string, processId: number, stop: () => Promise<void> }>}
 */
export async function startLlamaServer(program, model, { threads, contextTokens = CONTEXT_TOKENS } = {}) {
  const port = await freePort();
  const args = [
    "-m",
    model,
    "--jinja",
    "-c",
    String(contextTokens),
    "-np",
    "1",
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    ...(threads === undefined ? [] : ["-t", String(threads)]),
  ];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-2000);
  });
  /** @type {string | null} */
  let ended = null;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, signal) => {
    ended ??= `ended with ${signal ?? `exit code ${code}`}: ${said.trim().split("\n").at(-1) ?? ""}`;
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MILLISECONDS;
  while (ended === null && Date.now() < deadline) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return { url, processId: child.pid ?? 0, stop };
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  await stop();
  throw new Error(`llama-server did not start: ${ended ?? `no answer in ${START_MILLISECONDS / 1000} s`}`);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}
