import { Buffer } from "node:buffer";
import { connect, isIP, type Socket } from "node:net";
import type { ResolvedBroker } from "./broker-settings.js";

/** Bytes of one read. Messages are mostly small. */
const READ_BYTES = 16 * 1024;

/** A connection to a broker, as bytes. */
export interface ByteStream {
  readonly socket: Socket;
  /**
   * Calls back with bytes, whose memory is used again after the call. One buffer for all reads takes less memory than
   * Node's usual one for each. A broker that speaks before somebody listens is disconnected.
   */
  onBytes(listener: (bytes: Uint8Array) => void): void;
}

/**
 * Opens a TCP connection, and TLS on it where the address asks for it. Rejects with Node's error, or with one whose code
 * is `ETIMEDOUT`. The signal closes what is being opened.
 */
export async function openStream(
  { host, port, tls }: Pick<ResolvedBroker, "host" | "port" | "tls">,
  milliseconds: number,
  signal: AbortSignal,
): Promise<ByteStream> {
  signal.throwIfAborted();
  const nodeTls = tls === null ? null : await import("node:tls");
  let listener: (bytes: Uint8Array) => void = () => socket.destroy();
  // Node's types of TLS lack the option.
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (length: number, buffer: Uint8Array) => {
      listener(buffer.subarray(0, length));
      return true;
    },
  };
  // An IP address is not a server name in TLS.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const target = { host, port, onread };
  const socket: Socket = nodeTls === null ? connect(target) : nodeTls.connect({ ...target, ...name, ...tls });
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      stop();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    const close = () => fail(withCode("ECONNRESET"));
    const timer = setTimeout(() => fail(withCode("ETIMEDOUT")), milliseconds);
    const ready = nodeTls === null ? "connect" : "secureConnect";
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.off("close", close).off("error", fail).off(ready, open);
      // An error after the end has no effect.
      socket.on("error", () => {});
    };
    const open = () => {
      stop();
      resolve();
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.once("error", fail).once("close", close).once(ready, open);
  });
  socket.setNoDelay(true);
  return {
    socket,
    onBytes: (next) => {
      listener = next;
    },
  };
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}
