import { once } from "node:events";
import { writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type HubEnvironment, readHubEnvironment } from "../../src/environment/hub-environment.js";
import { createHttpClient, type HttpClientOptions } from "../../src/network/create-http-client.js";
import { refusalOf } from "../../src/network/hub-errors.js";
import { type HubMirror, startHubMirror } from "../../src/testing/hub-mirror.js";
import { temporaryFolder } from "../temporary-folder.js";
import { environmentOf } from "./hub-environment-of.js";
import { selfSigned } from "./self-signed.js";

const weights = Buffer.from(`GGUF${"x".repeat(5000)}`);
const file = "/org/tiny/resolve/main/a.gguf";
const readme = "/org/tiny/resolve/main/README.md";
const servers: net.Server[] = [];
let mirror: HubMirror;

beforeEach(async () => {
  mirror = await startHubMirror({
    repositories: {
      "org/tiny": { files: { "a.gguf": weights, "README.md": Buffer.from("# Read me\n") } },
      "org/old": { files: {}, renamedTo: "org/tiny" },
    },
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await mirror.close();
  for (const server of servers.splice(0)) {
    if (server instanceof http.Server || server instanceof https.Server) server.closeAllConnections();
    server.close();
  }
});

const clientOf = (others: Partial<HubEnvironment> = {}, options: HttpClientOptions = {}) =>
  createHttpClient(environmentOf(mirror.url, others), { waits: [0.01, 0.01, 0.01], ...options });

async function listen<Server extends net.Server>(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("requests name the program and its version, and ask for plain bytes", async () => {
  const response = await clientOf().request({ url: mirror.url + readme, headers: { "X-Own": "1" } });
  expect(response).toMatchObject({ status: 200, url: mirror.url + readme });
  expect(await response.text(1000)).toBe("# Read me\n");
  expect(Object.keys(mirror.requests[0]?.headers ?? {}).sort()).toEqual([
    "accept-encoding",
    "connection",
    "host",
    "user-agent",
    "x-own",
  ]);
  expect(mirror.requests[0]?.headers).toMatchObject({
    "user-agent": expect.stringMatching(/^nanoagent\/\d+\.\d+\.\d+\S*$/),
    "accept-encoding": "identity",
  });
});

test("the token goes to the endpoint, also when the repository was renamed, and never to another origin", async () => {
  const client = clientOf({ token: "hf_secret" });
  const response = await client.request({ url: `${mirror.url}/org/old/resolve/main/a.gguf` });
  expect(await response.text(10_000)).toBe(String(weights));
  expect(mirror.requests.map(({ server, headers }) => [server, headers.authorization])).toEqual([
    ["hub", "Bearer hf_secret"],
    ["hub", "Bearer hf_secret"],
    ["cdn", undefined],
  ]);
  await (await client.request({ url: `${mirror.cdnUrl}/plain/org/tiny/a.gguf` })).text(10_000);
  expect(mirror.requests.at(-1)?.headers.authorization).toBeUndefined();
});

test("a caller's credentials stay at the first origin", async () => {
  const headers = { Authorization: "Basic x", Cookie: "a=b" };
  await (await clientOf().request({ url: mirror.url + file, headers })).text(10_000);
  expect(mirror.requests.map(({ headers: sent }) => [sent.authorization, sent.cookie])).toEqual([
    ["Basic x", "a=b"],
    [undefined, undefined],
  ]);
});

test("the token is read from its file, trimmed, if the file is short", async () => {
  const tokenPath = `${temporaryFolder()}/token`;
  for (const [contents, sent] of [
    ["  hf_file\n", "Bearer hf_file"],
    ["a".repeat(5000), undefined],
    ["two words", undefined],
  ] as const) {
    writeFileSync(tokenPath, contents);
    await (await clientOf({ tokenPath }).request({ url: mirror.url + readme })).text(100);
    expect(mirror.requests.at(-1)?.headers.authorization).toBe(sent);
  }
});

test("a redirect to another origin is returned when the caller asks for it", async () => {
  const response = await clientOf().request({ url: mirror.url + file, method: "HEAD", redirect: "same-origin" });
  expect(response).toMatchObject({ status: 302, headers: { "x-linked-size": String(weights.length) } });
  response.body.destroy();
  expect(mirror.requests).toHaveLength(1);
});

test("only allowed hosts are contacted, at every redirect", async () => {
  await expect(clientOf({ allowedHosts: ["example.org"] }).request({ url: mirror.url + file })).rejects.toMatchObject({
    code: "host-not-allowed",
    hint: "Add the host: export NANOAGENT_ALLOW_HOSTS=example.org,127.0.0.1",
  });
  expect(mirror.requests).toHaveLength(0);
  const host = new URL(mirror.url).host;
  await expect(
    clientOf({ allowedHosts: ["example.org:8080", "*.example.org"] }).request({ url: mirror.url + file }),
  ).rejects.toMatchObject({
    hint: `Add the host: export NANOAGENT_ALLOW_HOSTS="example.org:8080,*.example.org,${host}"`,
  });
  await expect(clientOf({ allowedHosts: [host] }).request({ url: mirror.url + file })).rejects.toMatchObject({
    code: "host-not-allowed",
    message: `${new URL(mirror.cdnUrl).host} must not be contacted.`,
  });
  expect(mirror.requests.map(({ server }) => server)).toEqual(["hub"]);
  const response = await clientOf({ allowedHosts: ["127.0.0.1"] }).request({ url: mirror.url + file });
  expect(await response.text(10_000)).toBe(String(weights));
});

test("nothing is sent while offline", async () => {
  await expect(clientOf({ isOffline: true }).request({ url: mirror.url + file })).rejects.toMatchObject({
    code: "hub-offline",
  });
  expect(mirror.requests).toHaveLength(0);
});

test("temporary errors are tried again, and waits are announced", async () => {
  const waits: [number, string][] = [];
  const client = clientOf({}, { onWait: (...wait) => waits.push(wait) });
  mirror.faults.serverError = { times: 2 };
  expect((await client.request({ url: mirror.url + readme })).status).toBe(200);
  mirror.faults.rateLimit = { times: 1, seconds: 1 };
  expect((await client.request({ url: mirror.url + readme })).status).toBe(200);
  mirror.faults.rateLimit = { times: 1, seconds: 1, header: "retry-after" };
  expect((await client.request({ url: mirror.url + readme })).status).toBe(200);
  expect(waits.map(([seconds]) => Math.floor(seconds))).toEqual([0, 0, 1, 1]);
  expect(waits[2]?.[1]).toMatch(/too many requests/);
});

test("a server that does not recover is an error after a limited number of requests", async () => {
  mirror.faults.serverError = { times: Number.POSITIVE_INFINITY };
  await expect(clientOf().request({ url: mirror.url + readme })).rejects.toMatchObject({ code: "hub-refused" });
  expect(mirror.requests).toHaveLength(4);
});

test("an abort ends a wait, a request and a body", async () => {
  const reason = new Error("stopped");
  const waiting = new AbortController();
  mirror.faults.rateLimit = { times: 1, seconds: 200 };
  const client = clientOf({}, { onWait: () => setImmediate(() => waiting.abort(reason)) });
  await expect(client.request({ url: mirror.url + readme, signal: waiting.signal })).rejects.toBe(reason);

  const silent = new AbortController();
  const port = await listen(net.createServer(() => silent.abort(reason)));
  const request = client.request({ url: `http://127.0.0.1:${port}/`, signal: silent.signal });
  await expect(request).rejects.toBe(reason);

  const reading = new AbortController();
  mirror.faults.stall = { afterBytes: 10, times: 1 };
  const response = await client.request({ url: mirror.url + file, signal: reading.signal });
  (response.body as Readable).once("data", () => reading.abort(reason));
  await expect(response.text(10_000)).rejects.toBe(reason);
});

test("a text that ends early is requested again, and one that is too long is refused", async () => {
  mirror.faults.truncate = { afterBytes: 3, times: 1 };
  expect(await (await clientOf().request({ url: mirror.url + readme })).text(100)).toBe("# Read me\n");
  await expect(async () => (await clientOf().request({ url: mirror.url + readme })).text(5)).rejects.toMatchObject({
    code: "hub-refused",
    reason: "It has more than 5 bytes.",
  });
  mirror.faults.stall = { afterBytes: 3, times: Number.POSITIVE_INFINITY };
  const client = clientOf({}, { timeouts: { idleMilliseconds: 50 } });
  await expect(async () => (await client.request({ url: mirror.url + readme })).text(100)).rejects.toMatchObject({
    code: "hub-unreachable",
    reason: "The host did not answer in time.",
  });
});

test("https works directly and through a proxy, and never redirects to http", async () => {
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  const secure = await listen(
    https.createServer(selfSigned, (request, response) => {
      if (request.url === "/away") response.writeHead(302, { location: mirror.url + readme });
      response.end("secure");
    }),
  );
  const targets: string[] = [];
  const proxy = http.createServer();
  proxy.on("connect", (request, socket) => {
    targets.push(request.url ?? "");
    const tunnel = net.connect(secure, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    tunnel.pipe(socket).pipe(tunnel);
    socket.on("error", () => tunnel.destroy());
    tunnel.on("error", () => socket.destroy());
  });
  const url = `https://127.0.0.1:${secure}`;
  const direct = clientOf();
  const proxied = clientOf({ variables: { https_proxy: `http://127.0.0.1:${await listen(proxy)}` } });
  for (const client of [direct, proxied]) {
    expect(await (await client.request({ url })).text(100)).toBe("secure");
    await expect(client.request({ url: `${url}/away` })).rejects.toMatchObject({
      code: "hub-refused",
      message: `127.0.0.1:${secure} redirects to ${new URL(mirror.url).host} without TLS.`,
    });
  }
  expect(new Set(targets)).toEqual(new Set([`127.0.0.1:${secure}`]));
  expect(mirror.requests).toHaveLength(0);
});

test("redirects have a limit, and never lead to another protocol", async () => {
  const port = await listen(http.createServer((_, response) => response.writeHead(302, { location: "/again" }).end()));
  await expect(clientOf().request({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({
    code: "hub-refused",
    reason: "More than 10 redirects were followed.",
  });
  const other = await listen(
    http.createServer((_, response) => response.writeHead(302, { location: "file:///a" }).end()),
  );
  await expect(clientOf().request({ url: `http://127.0.0.1:${other}/` })).rejects.toMatchObject({
    code: "hub-refused",
  });
});

test("failures of the connection name the host and the cause", async () => {
  const refused = net.createServer();
  const port = await listen(refused);
  refused.close();
  const garbage = await listen(net.createServer((socket) => socket.end("I am not a web server\r\n\r\n")));
  const closing = await listen(net.createServer((socket) => socket.destroy()));
  const silent = await listen(net.createServer());
  const secure = await listen(https.createServer(selfSigned));
  const client = clientOf();
  const impatient = clientOf({}, { timeouts: { responseMilliseconds: 100 } });
  for (const [url, reason] of [
    [`http://127.0.0.1:${port}/`, /refuses connections/],
    [`http://127.0.0.1:${garbage}/`, /does not follow HTTP/],
    [`http://127.0.0.1:${closing}/`, /closed before the answer/],
    [`http://127.0.0.1:${silent}/`, /did not answer in time/],
    [`https://127.0.0.1:${secure}/`, /signed by an unknown authority/],
    [`https://127.0.0.1:${new URL(mirror.url).port}/`, /does not speak TLS/],
  ] as const) {
    await expect((url.includes(`:${silent}/`) ? impatient : client).request({ url }), url).rejects.toMatchObject({
      code: "hub-unreachable",
      message: `Cannot reach ${new URL(url).host}.`,
      reason: expect.stringMatching(reason),
      hint: expect.stringMatching(/\S/),
    });
  }
  await expect(client.request({ url: "http://host.invalid/" })).rejects.toMatchObject({
    reason: expect.stringMatching(/name server/),
  });
  await expect(client.request({ url: "ftp://127.0.0.1/" })).rejects.toMatchObject({ code: "hub-unreachable" });
});

test("a proxy is used for http and https unless NO_PROXY names the host", async () => {
  const seen: string[] = [];
  const proxy = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"]}`);
    response.end("from the proxy");
  });
  proxy.on("connect", (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  });
  const address = `http://ada:pass%20word@127.0.0.1:${await listen(proxy)}`;
  const client = clientOf({ variables: { http_proxy: address, HTTPS_PROXY: address, NO_PROXY: "127.0.0.1" } });
  expect(await (await client.request({ url: "http://hub.invalid/a?b" })).text(100)).toBe("from the proxy");
  const credentials = Buffer.from("ada:pass word").toString("base64");
  await expect(client.request({ url: "https://hub.invalid/c" })).rejects.toMatchObject({
    message: `Cannot reach hub.invalid through the proxy ${new URL(address).host}.`,
    reason: "The proxy answers with status 407.",
  });
  expect((await client.request({ url: mirror.url + readme })).status).toBe(200);
  expect(seen).toEqual([`GET http://hub.invalid/a?b Basic ${credentials}`, "CONNECT hub.invalid:443"]);
  await expect(
    clientOf({ variables: { ALL_PROXY: "socks5://127.0.0.1:1" } }).request({ url: mirror.url }),
  ).rejects.toMatchObject({ code: "hub-unreachable", message: expect.stringMatching(/Cannot use the proxy/) });
});

test("the user and the password of the endpoint are sent to it alone, unless there is a token, and never shown", async () => {
  const address = mirror.url.replace("http://", "http://ada:pass%20w%rd@");
  const environment = readHubEnvironment({ HF_ENDPOINT: `${address}/` }, { home: "/nonexistent" });
  expect(environment.endpoint).toBe(mirror.url);
  const client = createHttpClient(environment, { waits: [] });
  await (await client.request({ url: environment.endpoint + file })).text(10_000);
  const credentials = `Basic ${Buffer.from("ada:pass w%rd").toString("base64")}`;
  expect(mirror.requests.map(({ headers }) => headers.authorization)).toEqual([credentials, undefined]);
  await (await createHttpClient({ ...environment, token: "hf_x" }).request({ url: mirror.url + readme })).text(100);
  expect(mirror.requests.at(-1)?.headers.authorization).toBe("Bearer hf_x");
  const malformed = readHubEnvironment({ HF_ENDPOINT: "ftp://ada:pass/w@rd@hub.example" }).endpoint;
  expect(malformed).not.toContain("ada");
});

test("secrets that a server sends back are not shown", async () => {
  const token = "secret-token-of-mine";
  const others = "hf_abcdefghijklmnopqrstuvwx";
  const port = await listen(
    http.createServer(({ headers }, response) => {
      response.setHeader("x-error-message", `Bad: ${headers.authorization} and ${others}`);
      response.writeHead(403).end(`Not for ${headers.authorization}`);
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  const passwords = { endpointAuthorization: `Basic ${Buffer.from("ada:long password").toString("base64")}` };
  for (const secret of [{ token }, passwords]) {
    const client = createHttpClient(environmentOf(url, secret), { waits: [] });
    const response = await client.request({ url });
    const shown = JSON.stringify(refusalOf(response, "org/repo")) + (await response.text(1000));
    expect(shown).toContain("Not for B");
    expect(shown).not.toMatch(/secret-token|hf_abc|long password|YWRhOmxvbmc/);
  }
});

test("advice names the variable of the source", async () => {
  const port = await listen(http.createServer((_, response) => response.writeHead(403).end()));
  const url = `http://127.0.0.1:${port}/x`;
  for (const [others, hint] of [
    [{ endpoint: `http://127.0.0.1:${port}` }, /HF_ENDPOINT and HF_TOKEN/],
    [
      { ollamaRegistry: `http://127.0.0.1:${port}` },
      /^Check the address, and NANOAGENT_OLLAMA_REGISTRY if it is set\.$/,
    ],
    [{}, /^Check the address\.$/],
  ] as const) {
    const response = await clientOf(others).request({ url });
    response.body.destroy();
    expect(refusalOf(response, "a model").hint).toMatch(hint);
  }
});

test("requests that wait for the same host at the same time announce it once", async () => {
  const waits: string[] = [];
  const client = clientOf({}, { onWait: (_, reason) => waits.push(reason), waits: [0.2] });
  mirror.faults.serverError = { times: 2 };
  await Promise.all(
    [readme, file].map(async (path) => (await client.request({ url: mirror.url + path })).text(10_000)),
  );
  expect(waits).toHaveLength(1);
});

test("an address of a proxy without a scheme means http, and a percent sign in its password may stand alone", async () => {
  const seen: string[] = [];
  const proxy = http.createServer((request, response) => {
    seen.push(`${request.headers["proxy-authorization"]}`);
    response.end("from the proxy");
  });
  proxy.on("connect", (request, socket) => {
    seen.push(`${request.headers["proxy-authorization"]}`);
    socket.end("HTTP/1.1 503 Full\r\n\r\n");
  });
  const address = `ada:100%@127.0.0.1:${await listen(proxy)}`;
  const client = clientOf({ variables: { http_proxy: address, https_proxy: address } });
  expect(await (await client.request({ url: "http://hub.invalid/a" })).text(100)).toBe("from the proxy");
  await expect(client.request({ url: "https://hub.invalid/c" })).rejects.toMatchObject({
    reason: "The proxy answers with status 503.",
    hint: 'Check HTTPS_PROXY. If the host needs no proxy: export NO_PROXY="$NO_PROXY,hub.invalid"',
  });
  const credentials = `Basic ${Buffer.from("ada:100%").toString("base64")}`;
  expect(seen).toEqual([credentials, credentials]);
});

test("a proxy that refuses or hangs is named, after a limited number of tries", async () => {
  const refused = net.createServer();
  const dead = await listen(refused);
  refused.close();
  let connections = 0;
  const silent = await listen(net.createServer(() => (connections += 1)));
  for (const [port, reason] of [
    [dead, "The proxy refuses connections at this port."],
    [silent, "The proxy did not answer in time."],
  ] as const) {
    const address = `http://127.0.0.1:${port}`;
    const client = clientOf(
      { variables: { http_proxy: address, https_proxy: address } },
      { timeouts: { responseMilliseconds: 100 } },
    );
    for (const scheme of ["http", "https"]) {
      connections = 0;
      await expect(client.request({ url: `${scheme}://hub.invalid/` }), `${scheme} ${reason}`).rejects.toMatchObject({
        code: "hub-unreachable",
        message: `Cannot reach hub.invalid through the proxy 127.0.0.1:${port}.`,
        reason,
        hint: `Check ${scheme.toUpperCase()}_PROXY. If the host needs no proxy: export NO_PROXY="$NO_PROXY,hub.invalid"`,
      });
      expect(connections).toBe(port === silent ? 2 : 0);
    }
  }
});

test("an abort ends the request for a tunnel", async () => {
  const stop = new AbortController();
  const reason = new Error("stopped");
  let isClosed = false;
  const proxy = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("close", () => (isClosed = true));
    stop.abort(reason);
  });
  const client = clientOf({ variables: { https_proxy: `http://127.0.0.1:${await listen(proxy)}` } });
  await expect(client.request({ url: "https://hub.invalid/", signal: stop.signal })).rejects.toBe(reason);
  await expect.poll(() => isClosed).toBe(true);
});
