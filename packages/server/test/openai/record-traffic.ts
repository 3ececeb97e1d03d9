import { appendFileSync, mkdirSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";

/** Folder for the requests and replies of the tests with real clients, or undefined to record nothing. */
const folder = process.env.NANOAGENT_RECORDINGS;

/**
 * Returns the address of a service for a client. With `NANOAGENT_RECORDINGS`, everything between the two is also written
 * to a file of that folder, byte by byte.
 */
export async function recorded(url: string, name: string): Promise<{ url: string; close: () => void }> {
  if (folder === undefined) return { url, close: () => {} };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name.replaceAll(/[^\w-]+/gu, "-").toLowerCase()}.txt`);
  const { port } = new URL(url);
  const proxy = createServer((client) => {
    const service = connect(Number(port), "127.0.0.1");
    let last = "";
    const note = (side: string) => (bytes: Buffer) => {
      appendFileSync(file, `${side === last ? "" : `\n\n=== ${side} ===\n`}${bytes.toString()}`);
      last = side;
    };
    client.on("data", note("client")).on("error", () => service.destroy());
    service.on("data", note("service")).on("error", () => client.destroy());
    client.pipe(service).pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, close: () => proxy.close() };
}
