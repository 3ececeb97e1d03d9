import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Device, filesIn, linesOf } from "./device.js";
import { fileOf, largeModel, sha256, TINY, tinyFiles } from "./tiny-models.js";

let mirror: HubMirror;
let device: Device;

/** Answers a request as the mirror does. */
function relay({ url = "/", headers }: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(url, mirror.url);
  const target = new URL(pathname + search, mirror.url);
  sendRequest(target, { headers: { ...headers, host: target.host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  }).end();
}

const large = largeModel();
const LARGE = "org/large-GGUF";
const q4 = fileOf("tiny-Q4_0.gguf");

beforeEach(async () => {
  mirror = await startHubMirror({
    repositories: {
      [TINY]: { files: tinyFiles, license: "apache-2.0" },
      [LARGE]: { files: { "large-F16.gguf": large } },
      "org/gated-GGUF": { files: tinyFiles, gated: true, token: "hf_accepted" },
      "org/private-GGUF": { files: tinyFiles, token: "hf_private" },
    },
    tokens: ["hf_other"],
  });
  device = new Device({ HF_ENDPOINT: mirror.url });
});
afterEach(() => mirror.close());

/** Pulls, and expects an error without anything on standard output. */
async function failure(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await device.models("pull", ...args);
  expect([exitCode, stdout], stderr).toEqual([1, ""]);
  expect(stderr).toMatch(/^error: .+\n {2}why: .+\n {2}do: .+\n$/m);
  return stderr;
}

async function pulled(name: string, contents: Buffer): Promise<string> {
  const { exitCode, stdout, stderr } = await device.models("pull", name, "--json");
  expect(exitCode, `${stdout}${stderr}`).toBe(0);
  const done = linesOf(stdout).at(-1);
  expect([done.type, done.sha256]).toEqual(["done", sha256(contents)]);
  expect(readFileSync(done.path).equals(contents)).toBe(true);
  return stderr;
}

const requestsTo = (server: "hub" | "cdn") => mirror.requests.filter((request) => request.server === server);

describe("a token", () => {
  test("goes to the endpoint alone", async () => {
    device.environment.HF_TOKEN = "hf_accepted";
    await pulled("org/gated-GGUF:Q4_0", q4);
    expect(new Set(requestsTo("hub").map(({ headers }) => headers.authorization))).toEqual(
      new Set(["Bearer hf_accepted"]),
    );
    expect(requestsTo("cdn").length).toBeGreaterThan(0);
    for (const { headers } of requestsTo("cdn"))
      expect([headers.authorization, headers.cookie]).toEqual([undefined, undefined]);
  });

  test.each([
    ["HF_TOKEN_PATH", "secrets/token", "hf_private\n", {}],
    ["HF_HOME", "hugging-face/token", "hf_private", {}],
    ["HF_TOKEN", "secrets/token", "hf_none", { HF_TOKEN: "hf_private" }],
  ])("is read from %s", async (_name, file, token, variables) => {
    const path = device.write(file, token);
    if (file === "secrets/token") device.environment.HF_TOKEN_PATH = path;
    Object.assign(device.environment, variables);
    await pulled("org/private-GGUF:Q4_0", q4);
  });

  test("that the hub does not know is refused", async () => {
    device.environment.HF_TOKEN = "hf_expired";
    expect(await failure(TINY)).toContain("does not accept the access token.");
  });
});

describe("a gated repository", () => {
  test.each([{}, { HF_TOKEN: "hf_other" }])("is refused with the way to open it, with %j", async (variables) => {
    Object.assign(device.environment, variables);
    for (const args of [["org/gated-GGUF"], ["org/gated-GGUF:Q4_0"], ["org/gated-GGUF", "--dry-run"]]) {
      const stderr = await failure(...args);
      expect(stderr).toContain(`do: Accept the terms at ${mirror.url}/org/gated-GGUF, then set a token`);
      expect(stderr).toContain("export HF_TOKEN=hf_");
      // No table of refusals.
      expect(stderr).not.toContain("download MB");
    }
    // Each asks for one file, not for all three.
    expect(mirror.requests.filter(({ url }) => url.includes("/resolve/"))).toHaveLength(3);
  });

  test("is a line of JSON with --json", async () => {
    const { exitCode, stdout } = await device.models("pull", "org/gated-GGUF", "--json");
    expect([exitCode, linesOf(stdout)]).toEqual([
      1,
      [{ error: expect.objectContaining({ code: "repository-gated" }) }],
    ]);
  });
});

test("what is private or missing is refused alike", async () => {
  const words = "It does not exist, or it is private.";
  expect(await failure("org/private-GGUF")).toContain(words);
  expect(await failure("org/none-GGUF")).toContain(words);
});

describe("a server that asks to wait", () => {
  test.each(["ratelimit", "retry-after"] as const)("by %s is asked again after that time", async (header) => {
    mirror.faults.rateLimit = { times: 1, seconds: 1, header };
    const begin = performance.now();
    const stderr = await pulled(`${TINY}:Q4_0`, q4);
    expect(performance.now() - begin).toBeGreaterThan(1000);
    expect(stderr).toContain("received too many requests from this network. Trying again in 2 s.");
  });

  test("with an error of its own is asked again", async () => {
    mirror.faults.serverError = { times: 1, status: 502, server: "cdn" };
    expect(await pulled(`${TINY}:Q4_0`, q4)).toMatch(/refused the request for .*\. Trying again in 1 s\./);
  });
});

describe("a body", () => {
  test.each([
    ["that is cut off", () => (mirror.faults.truncate = { afterBytes: 9_000_000, times: 2 })],
    ["without its length", () => (mirror.faults.hideLength = true)],
    ["that is sent as a whole", () => (mirror.faults.ignoreRange = true)],
    ["behind an address that expired", () => (mirror.faults.expireSigned = 1)],
  ])("%s is received in the end", async (_name, fault) => {
    fault();
    await pulled(LARGE, large);
  });

  test("with a wrong byte is requested again, and refused if it stays wrong", async () => {
    mirror.faults.wrongByte = { position: 12_000_000, times: 1000 };
    const { exitCode, stdout, stderr } = await device.models("pull", LARGE);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/SHA-256/);
    expect((await device.json<{ models: unknown[] }>("models", "list")).models).toEqual([]);
    mirror.faults.wrongByte = null;
    await pulled(LARGE, large);
  });

  test.each([
    ["a web page", () => (mirror.faults.html = true), /web page|HTML/i],
    ["a pointer of Git LFS", () => (mirror.faults.pointer = true), /LFS|size/],
    ["another size than was stated", () => (mirror.faults.lieAboutSize = 10), /size/],
    ["fewer bytes than were stated", () => (mirror.faults.lieAboutSize = -10), /size|cut off/],
    ["another hash than was stated", () => (mirror.faults.lieAboutHash = true), /SHA-256|hash/],
  ])("with %s is refused", async (_name, fault, words) => {
    fault();
    for (const args of [[`${TINY}:Q4_0`], [`${TINY}:Q4_0`, "--force"]]) {
      const { exitCode, stdout, stderr } = await device.models("pull", ...args);
      expect([exitCode, stdout], stderr).toEqual([1, ""]);
      expect(stderr).toMatch(/^error: /m);
      expect(stderr).toMatch(words);
      expect((await device.json<{ models: unknown[] }>("models", "list")).models).toEqual([]);
    }
  });

  test("from a host that does not answer is asked for twice at most", async () => {
    // The address of the second server is taken by the hub's answers, so only its port closes.
    const other = createServer((request, response) => {
      const url = new URL(request.url ?? "/", mirror.url);
      if (!url.pathname.includes("/resolve/")) {
        relay(request, response);
        return;
      }
      asked.push(url.pathname);
      response.writeHead(302, { location: "http://127.0.0.1:9/gone" }).end();
    });
    const asked: string[] = [];
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    device.environment.HF_ENDPOINT = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const stderr = await failure(TINY);
    other.close();
    expect(stderr).toContain("Cannot reach 127.0.0.1:9.");
    expect(new Set(asked).size).toBeLessThanOrEqual(2);
  });
});

describe("without a network", () => {
  test("what is here is found, and what is not is an error", async () => {
    await pulled(`${TINY}:Q4_0`, q4);
    device.environment.HF_HUB_OFFLINE = "1";
    mirror.requests.length = 0;
    const here = await device.models("pull", `${TINY}:Q4_0`, "--json");
    expect(here.exitCode, here.stderr).toBe(0);
    expect(linesOf(here.stdout).at(-1)).toMatchObject({ type: "done", downloaded_bytes: 0, sha256: sha256(q4) });
    expect(await failure(`${TINY}:Q8_0`)).toContain("Downloads are switched off by HF_HUB_OFFLINE");
    expect(await failure(TINY, "--dry-run")).toContain("unset HF_HUB_OFFLINE");
    expect((await device.models("recommend")).exitCode).toBe(0);
    expect(mirror.requests).toEqual([]);
  });

  test("the error names the host", async () => {
    device.environment.HF_ENDPOINT = "http://127.0.0.1:9";
    expect(await failure(TINY)).toContain("Cannot reach 127.0.0.1:9.");
  });
});

describe("the hosts", () => {
  test.each([
    ["", "is empty, which allows no host"],
    ["example.org", "allows only example.org"],
  ])("NANOAGENT_ALLOW_HOSTS=%s allows no other", async (hosts, words) => {
    device.environment.NANOAGENT_ALLOW_HOSTS = hosts;
    expect(await failure(TINY)).toContain(words);
    expect(mirror.requests).toEqual([]);
  });

  test("that are allowed include those of redirects", async () => {
    device.environment.NANOAGENT_ALLOW_HOSTS = new URL(mirror.url).host;
    expect(await failure(TINY)).toContain(`${new URL(mirror.cdnUrl).host} must not be contacted.`);
    expect(requestsTo("cdn")).toEqual([]);
    device.environment.NANOAGENT_ALLOW_HOSTS = "127.0.0.1";
    await pulled(`${TINY}:Q4_0`, q4);
  });

  test("are reached through a proxy, except those of NO_PROXY", async () => {
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? "");
      relay(request, response);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    device.environment.HF_ENDPOINT = "http://hub.test";
    device.environment.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    device.environment.NO_PROXY = "127.0.0.1";
    await pulled(`${TINY}:Q4_0`, q4);
    proxy.close();
    expect(asked.every((url) => url.startsWith("http://hub.test/"))).toBe(true);
    expect(asked.length).toBeGreaterThan(1);
  });
});

test("says no more of itself than its name and version", async () => {
  await pulled(`${TINY}:Q4_0`, q4);
  for (const { headers } of mirror.requests) {
    expect(headers["user-agent"]).toMatch(/^nanoagent\/\d+\.\d+\.\d+$/);
    expect(Object.keys(headers).sort()).toEqual(
      expect.arrayContaining(["accept-encoding", "connection", "host", "user-agent"]),
    );
  }
  expect(filesIn(device.at("home"))).toEqual([]);
});
