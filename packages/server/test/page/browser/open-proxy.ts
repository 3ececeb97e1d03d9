import { once } from "node:events";
import net from "node:net";

export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Requests that have come, such as `GET /page/events HTTP/1.1`. */
  readonly requests: string[];
  /** Keeps everything back, as a service that hangs does. */
  freeze(): void;
  /** Sends what was kept back, and then everything. */
  thaw(): void;
}

/** Opens a proxy for a service at a port of this machine. `host` replaces the Host header. */
export async function openProxy(port: number, { host }: { host?: string } = {}): Promise<Proxy> {
  const requests: string[] = [];
  const sockets = new Set<net.Socket>();
  let isFrozen = false;
  let kept: (() => void)[] = [];
  const pass = (action: () => void) => (isFrozen ? kept.push(action) : action());
  const server = net.createServer((client) => {
    const service = net.connect(port, "127.0.0.1");
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => pass(() => to.destroy()));
      from.on("end", () => pass(() => to.end()));
      from.on("data", (data) => {
        if (from === service) return pass(() => to.write(data));
        const text = data.toString("latin1");
        const line = /^(?:GET|POST|DELETE) .*/.exec(text)?.[0].trim();
        if (line !== undefined) requests.push(line);
        const sent = host === undefined ? text : text.replace(/^host: .*$/im, `Host: ${host}`);
        pass(() => to.write(sent, "latin1"));
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    requests,
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
      const actions = kept;
      kept = [];
      for (const action of actions) action();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
