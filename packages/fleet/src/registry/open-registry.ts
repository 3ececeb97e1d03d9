import { type BrokerConnection, MqttError } from "@nanoagent/server/mqtt";
import { LiveRegistry } from "./live-registry.js";
import type { Registry } from "./registry.js";

/** Longest time until the connection stands. */
const CONNECT_MILLISECONDS = 10_000;
/** Shortest silence after which all messages are here. */
const QUIET_MILLISECONDS = 400;
/** The same on a slow connection: the time that connecting took, as often. */
const QUIET_CONNECTS = 3;

export interface RegistryOptions {
  /** First levels of the topics. Default: `nanoagent`. */
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Silence after which all retained messages are here. Default: 400, or three times as long as connecting took. */
  readonly quietMilliseconds?: number | undefined;
}

/**
 * Reads the agents of a fleet from its broker. Subscribes, calls `ready` of the connection, and resolves when the messages
 * that the broker keeps are here, after ten seconds at most. Rejects with {@link MqttError} `broker-unreachable` if the broker
 * cannot be reached.
 */
export async function openRegistry(connection: BrokerConnection, options: RegistryOptions = {}): Promise<Registry> {
  const { prefix, signal, quietMilliseconds } = options;
  signal?.throwIfAborted();
  const registry = new LiveRegistry(connection, prefix);
  try {
    const began = performance.now();
    const connected = untilConnected(connection, signal);
    connection.ready();
    await connected;
    const connecting = performance.now() - began;
    await registry.load(quietMilliseconds ?? Math.max(QUIET_MILLISECONDS, QUIET_CONNECTS * connecting), signal);
    if (!connection.isConnected) throw unreachable(connection);
    return registry;
  } catch (error) {
    await registry.close();
    throw error;
  }
}

/** Rejects at the first failure: a person waits, and a wrong password stays wrong. */
async function untilConnected(connection: BrokerConnection, signal: AbortSignal | undefined): Promise<void> {
  if (connection.isConnected) return;
  const { promise, resolve, reject } = promiseParts();
  const stopListening = connection.onChange(() => {
    if (connection.isConnected) resolve();
    else if (connection.problem !== null) reject(unreachable(connection));
  });
  const timer = setTimeout(() => reject(unreachable(connection)), CONNECT_MILLISECONDS);
  const abort = () => reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    stopListening();
    signal?.removeEventListener("abort", abort);
  }
}

function unreachable({ url, problem }: BrokerConnection): MqttError {
  return new MqttError({
    code: "broker-unreachable",
    message: "The agents of the fleet cannot be read.",
    reason: problem ?? `The broker at ${url} does not answer.`,
    hint: "Run the same command again when the broker can be reached.",
  });
}

function promiseParts() {
  let resolve = () => {};
  let reject = (_reason: unknown) => {};
  const promise = new Promise<void>((onDone, onFailure) => {
    resolve = onDone;
    reject = onFailure;
  });
  return { promise, resolve, reject };
}
