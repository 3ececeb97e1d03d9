import { Agent, request } from "node:http";
import { connect } from "node:net";

/** Connections of the load. More do not make a process with one thread faster. */
const CONNECTIONS = 8;

/**
 * Sends a chat request and resolves at the end of the reply.
 *
 * @param {string} url
 * @param {Agent} agent
 * @param {{ model: string, stream?: boolean, onData?: (text: string) => void }} options
 * @returns {Promise<void>}
 */
export function chat(url, agent, { model, stream = false, onData = () => {} }) {
  const body = JSON.stringify({ model, stream, messages: [{ role: "user", content: "Tell me a word." }] });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/chat/completions`, { method: "POST", agent, headers }, (response) => {
      let status = "";
      response.setEncoding("utf8").on("data", (text) => {
        if (response.statusCode !== 200) status += text;
        onData(text);
      });
      response.once("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(status))));
      response.once("error", reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** @param {number} connections @returns {Agent} */
export function keepAlive(connections = CONNECTIONS) {
  return new Agent({ keepAlive: true, maxSockets: connections });
}

/**
 * Sends many chat requests over a few connections.
 *
 * @param {string} url
 * @param {string} model
 * @param {number} count
 */
export async function sendMany(url, model, count) {
  const agent = keepAlive();
  let left = count;
  const send = async () => {
    while (left-- > 0) await chat(url, agent, { model });
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  agent.destroy();
}

/**
 * Opens connections that send nothing. Returns a function that ends them.
 *
 * @param {string} url
 * @param {number} count
 * @returns {Promise<() => void>}
 */
export async function openIdle(url, count) {
  const { hostname, port } = new URL(url);
  const sockets = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const socket = connect(Number(port), hostname, () => resolve(socket));
          socket.once("error", reject);
        }),
    ),
  );
  for (const socket of sockets) socket.on("error", () => {});
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}
