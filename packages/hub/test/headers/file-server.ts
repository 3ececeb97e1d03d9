import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { readHubEnvironment } from "../../src/environment/hub-environment.js";
import { createHttpClient } from "../../src/network/create-http-client.js";
import type { HttpClient } from "../../src/network/http-client.js";
import type { RemoteFile, RemoteModel } from "../../src/sources/remote-model.js";

export interface FileServer {
  url: string;
  /** `NAME`, or `NAME bytes=N-M`, of every request. */
  requests: string[];
  /** Answers a request instead of the server if it returns true. */
  intercept: ((file: string, range: string | undefined, response: ServerResponse) => boolean) | null;
  close(): Promise<void>;
}

/** Serves the files of a folder, with ranges. Large sparse files cost nothing. */
export async function startFileServer(folder: string): Promise<FileServer> {
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent((request.url ?? "/").slice(1));
    const { range } = request.headers;
    result.requests.push(range === undefined ? name : `${name} ${range}`);
    if (result.intercept?.(name, range, response)) return;
    const file = path.join(folder, name);
    const size = (await stat(file).catch(() => null))?.size;
    if (size === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    const start = Number(first ?? 0);
    if (first !== undefined && start >= size) {
      response.writeHead(416, { "content-range": `bytes */${size}` }).end();
      return;
    }
    const end = last ? Math.min(Number(last), size - 1) : size - 1;
    response.setHeader("content-length", end - start + 1);
    if (first === undefined) response.writeHead(200);
    else response.writeHead(206, { "content-range": `bytes ${start}-${end}/${size}` });
    if (size === 0) response.end();
    else await pipeline(createReadStream(file, { start, end }), response).catch(() => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const result: FileServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    intercept: null,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return result;
}

/** Returns a client without settings of this device, which does not try again. */
export function plainClient(): HttpClient {
  return createHttpClient(readHubEnvironment({}, { home: "/nonexistent" }), { waits: [] });
}

/** Returns the same for a server that is the endpoint. */
export function hubClient(endpoint: string): HttpClient {
  return createHttpClient(readHubEnvironment({ HF_ENDPOINT: endpoint }, { home: "/nonexistent" }), { waits: [] });
}

/** Returns the files of a folder of the server as one model. */
export async function remoteModel(server: FileServer, folder: string, ...names: string[]): Promise<RemoteModel> {
  const files = await Promise.all(
    names.map(
      async (name): Promise<RemoteFile> => ({
        path: name,
        bytes: (await stat(path.join(folder, name))).size,
        sha256: null,
        gitSha1: null,
        url: `${server.url}/${encodeURIComponent(name)}`,
      }),
    ),
  );
  const [first, ...others] = files;
  if (first === undefined) throw new RangeError("A model has at least one file.");
  return { quantization: names[0]?.split(".")[1] ?? null, files: [first, ...others] };
}
