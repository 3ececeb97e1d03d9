import { connect, isIP, type Socket } from "node:net";
import type { ResolvedBroker } from "./broker-settings.js";

/**
 * Opens a TCP connection, and TLS on it where the address asks for it. Rejects with Node's error, or with one whose code
 * is `ETIMEDOUT`. The signal closes what is being opened.
 */
export async function openStream(
  { host, port, tls }: Pick<ResolvedBroker, "host" | "port" | "tls">,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const nodeTls = tls === null ? null : await import("node:tls");
  return await new Promise((resolve, reject) => {
    // An IP address is not a server name in TLS.
    const name = isIP(host) === 0 ? { servername: host } : {};
    const stream = nodeTls === null ? connect({ host, port }) : nodeTls.connect({ host, port, ...name, ...tls });
    const fail = (error: unknown) => {
      stop();
      stream.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    const close = () => fail(withCode("ECONNRESET"));
    const timer = setTimeout(() => fail(withCode("ETIMEDOUT")), milliseconds);
    const ready = nodeTls === null ? "connect" : "secureConnect";
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      stream.off("close", close).off("error", fail).off(ready, open);
      // An error after the end has no effect.
      stream.on("error", () => {});
    };
    const open = () => {
      stop();
      stream.setNoDelay(true);
      resolve(stream);
    };
    signal.addEventListener("abort", abort, { once: true });
    stream.once("error", fail).once("close", close).once(ready, open);
  });
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}
