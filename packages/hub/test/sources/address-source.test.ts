import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { readHubEnvironment } from "../../src/environment/hub-environment.js";
import { HubError } from "../../src/hub-error.js";
import { parseModelName } from "../../src/names/parse-model-name.js";
import { createHttpClient } from "../../src/network/create-http-client.js";
import { openAddress } from "../../src/sources/address-source.js";
import { openSource } from "../../src/sources/open-source.js";
import { type LocalServer, startLocalServer } from "../../src/testing/local-server.js";

const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const environment = readHubEnvironment({ HF_TOKEN: "hf_secret" });
const client = createHttpClient(environment, { waits: [] });

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

async function open(answer: Answer, path = "/files/My%20Model-Q4_0.gguf?signature=x") {
  const requests: IncomingMessage[] = [];
  const server = await startLocalServer((request, response) => {
    requests.push(request);
    answer(response, request);
  });
  servers.push(server);
  const name = parseModelName(`${server.url}${path}`, environment);
  return { requests, url: `${server.url}${path}`, found: await openSource(name, { client, environment }) };
}

async function failure(opened: Promise<unknown>): Promise<HubError> {
  const error = await opened.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(HubError);
  return error as HubError;
}

test("the first byte of a file tells its size; the hash is unknown", async () => {
  const { found, requests, url } = await open((response) => {
    response.writeHead(206, { "content-range": "bytes 0-0/1000", "content-length": 1 }).end("G");
  });
  expect(requests).toHaveLength(1);
  expect(requests[0]?.headers.range).toBe("bytes=0-0");
  expect(requests[0]?.headers.authorization).toBeUndefined();
  const file = { path: "My-Model-Q4_0.gguf", bytes: 1000, sha256: null, gitSha1: null, url };
  expect(found).toMatchObject({
    source: "address",
    repository: null,
    revision: null,
    license: null,
    models: [{ quantization: "Q4_0", files: [file] }],
    notices: [expect.stringContaining("no hash of My-Model-Q4_0.gguf")],
  });
});

test.each<[string, Answer, number | null]>([
  ["without ranges", (response) => response.writeHead(200, { "content-length": 5000 }).end(Buffer.alloc(5000)), 5000],
  ["in chunks", (response) => response.writeHead(200).end("GGUF"), null],
  [
    "compressed",
    (response) => response.writeHead(200, { "content-encoding": "gzip", "content-length": 50 }).end(Buffer.alloc(50)),
    null,
  ],
  ["of unknown size", (response) => response.writeHead(206, { "content-range": "bytes 0-0/*" }).end("G"), null],
  ["with a range that is text", (response) => response.writeHead(206, { "content-range": "?" }).end("G"), null],
  [
    "too large to count",
    (response) => response.writeHead(206, { "content-range": `bytes 0-0/${"9".repeat(30)}` }).end("G"),
    null,
  ],
])("a file %s", async (_, answer, bytes) => {
  const { found } = await open(answer);
  expect(found.models[0]?.files[0].bytes).toBe(bytes);
});

test("a body without an end is not read", async () => {
  let closed = false;
  const { found } = await open((response) => {
    response.on("close", () => (closed = true));
    response.writeHead(200, { "content-length": 10 ** 12 });
    response.write("GGUF");
  });
  expect(found.models[0]?.files[0].bytes).toBe(10 ** 12);
  await expect.poll(() => closed, { timeout: 20_000 }).toBe(true);
});

test.each<[string, Answer, string]>([
  ["missing", (response) => response.writeHead(404).end(), "repository-not-found"],
  ["forbidden", (response) => response.writeHead(403).end(), "hub-refused"],
  [
    "a page",
    (response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>"),
    "model-not-gguf",
  ],
  ["empty", (response) => response.writeHead(416, { "content-range": "bytes */0" }).end(), "model-not-gguf"],
  ["tiny", (response) => response.writeHead(200, { "content-length": 5 }).end("hello"), "model-not-gguf"],
])("a file that is %s", async (_, answer, code) => {
  const error = await failure(open(answer));
  expect(error.code).toBe(code);
  expect(JSON.stringify(error)).not.toContain("signature");
});

test("an address without a file's name is refused before any request", async () => {
  const opened = openAddress({ source: "address", url: "http://127.0.0.1:1/x.zip" }, { client, environment });
  expect((await failure(opened)).code).toBe("invalid-model-name");
});
