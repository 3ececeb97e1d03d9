import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { readHubEnvironment } from "../../src/environment/hub-environment.js";
import { HubError } from "../../src/hub-error.js";
import { parseModelName } from "../../src/names/parse-model-name.js";
import { createHttpClient } from "../../src/network/create-http-client.js";
import { openSource } from "../../src/sources/open-source.js";
import type { RemoteRepository } from "../../src/sources/remote-model.js";
import { type HubMirror, type HubMirrorOptions, startHubMirror } from "../../src/testing/hub-mirror.js";
import { startLocalServer } from "../../src/testing/local-server.js";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function startMirror(options: HubMirrorOptions): Promise<HubMirror> {
  const mirror = await startHubMirror(options);
  closing.push(mirror.close);
  return mirror;
}

/** Starts a server that answers with a value as JSON, or by itself. */
async function startServer(answer: (path: string, response: ServerResponse, request: IncomingMessage) => unknown) {
  const requests: string[] = [];
  const server = await startLocalServer((request, response) => {
    requests.push(request.url ?? "");
    const value = answer(request.url ?? "", response, request);
    if (!response.writableEnded) response.end(JSON.stringify(value));
  });
  closing.push(server.close);
  return { url: server.url, requests };
}

function open(text: string, endpoint: string, variables: Record<string, string> = {}): Promise<RemoteRepository> {
  const environment = readHubEnvironment({ HF_ENDPOINT: endpoint, HF_HOME: "/nonexistent", ...variables });
  const client = createHttpClient(environment, { waits: [] });
  return openSource(parseModelName(text, environment), { client, environment });
}

async function failure(opened: Promise<unknown>): Promise<HubError> {
  const error = await opened.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(HubError);
  return error as HubError;
}

const COMMIT = "c".repeat(40);
const SHA256 = "d".repeat(64);
const gguf = Buffer.from("GGUF of a test, which is not read");

function row(path: unknown, more: object = {}) {
  return { type: "file", path, size: 1, oid: "e".repeat(40), lfs: { oid: SHA256, size: 100, pointerSize: 1 }, ...more };
}

/** Answers with a description, and with rows for the listing. */
function hubOf(rows: unknown, description: object = {}) {
  return (path: string) => (path.includes("/tree/") ? rows : { id: "org/repo", sha: COMMIT, ...description });
}

describe("a repository", () => {
  const files = {
    "README.md": Buffer.from("text"),
    LICENSE: Buffer.from("license"),
    "sub/LICENSE": Buffer.from("other"),
    "tiny-Q4_K_M.gguf": gguf,
    "BF16/tiny-00001-of-00002.gguf": Buffer.concat([gguf, gguf]),
    "BF16/tiny-00002-of-00002.gguf": gguf,
    "mmproj-f16.gguf": gguf,
    "with space #1-Q8_0.gguf": Buffer.concat([gguf, gguf, gguf, gguf]),
  };

  test("is listed with two requests, at one commit, with sizes and hashes", async () => {
    const mirror = await startMirror({
      repositories: { "org/tiny": { files, license: "apache-2.0", commit: COMMIT } },
    });
    const found = await open("org/tiny:Q4_K_M", mirror.url);
    expect(mirror.requests.map(({ url }) => url)).toEqual([
      expect.stringMatching(/^\/api\/models\/org\/tiny\/revision\/main\?/),
      `/api/models/org/tiny/tree/${COMMIT}?recursive=true`,
    ]);
    expect(found).toMatchObject({
      source: "huggingface",
      repository: "org/tiny",
      reference: "main",
      revision: COMMIT,
      license: "apache-2.0",
      notices: ["Left out mmproj-f16.gguf: projectors for images and sound are not models by themselves."],
    });
    expect(
      found.models.map(({ quantization, files: parts }) => [quantization, ...parts.map(({ path }) => path)]),
    ).toEqual([
      ["Q4_K_M", "tiny-Q4_K_M.gguf"],
      ["BF16", "BF16/tiny-00001-of-00002.gguf", "BF16/tiny-00002-of-00002.gguf"],
      ["Q8_0", "with space #1-Q8_0.gguf"],
    ]);
    expect(found.models[0]?.files[0]).toEqual({
      path: "tiny-Q4_K_M.gguf",
      bytes: gguf.length,
      sha256: createHash("sha256").update(gguf).digest("hex"),
      gitSha1: null,
      url: `${mirror.url}/org/tiny/resolve/${COMMIT}/tiny-Q4_K_M.gguf`,
    });
    expect(found.models[2]?.files[0].url).toBe(
      `${mirror.url}/org/tiny/resolve/${COMMIT}/with%20space%20%231-Q8_0.gguf`,
    );
    expect(found.licenseFiles).toMatchObject([{ path: "LICENSE", sha256: null }]);
    const license = createHash("sha1").update("blob 7\0license").digest("hex");
    expect(found.licenseFiles[0]?.gitSha1).toBe(license);
  });

  test("is listed over several pages", async () => {
    const mirror = await startMirror({ pageSize: 3, repositories: { "org/tiny": { files } } });
    const { models } = await open("org/tiny", mirror.url);
    expect(models).toHaveLength(3);
    expect(mirror.requests.length).toBeGreaterThan(3);
  });

  test("is found under its new name", async () => {
    const mirror = await startMirror({
      repositories: { "org/old": { files: {}, renamedTo: "org/tiny" }, "org/tiny": { files } },
    });
    const found = await open("org/old", mirror.url);
    expect(found.repository).toBe("org/tiny");
    expect(found.notices).toContain("org/old is now named org/tiny.");
    expect(found.models[0]?.files[0].url).toContain("/org/tiny/resolve/");
  });

  test("is listed at the commit of its address", async () => {
    const mirror = await startMirror({ repositories: { "org/tiny": { files, commit: COMMIT } } });
    const found = await open(`${mirror.url}/org/tiny/tree/${COMMIT}`, mirror.url);
    expect(found).toMatchObject({ reference: COMMIT, revision: COMMIT });
  });

  test("has one model for the address of a file, or of a part", async () => {
    const mirror = await startMirror({ repositories: { "org/tiny": { files } } });
    const whole = await open(`${mirror.url}/org/tiny/blob/main/tiny-Q4_K_M.gguf`, mirror.url);
    expect(whole.models.map(({ files: [first] }) => first.path)).toEqual(["tiny-Q4_K_M.gguf"]);
    const part = await open(`${mirror.url}/org/tiny/blob/main/BF16/tiny-00002-of-00002.gguf`, mirror.url);
    expect(part.models).toMatchObject([{ files: [{ path: "BF16/tiny-00001-of-00002.gguf" }, {}] }]);
  });

  test("that is gated is listed with a notice", async () => {
    const mirror = await startMirror({ repositories: { "org/tiny": { files, gated: true, token: "hf_x" } } });
    const { notices } = await open("org/tiny", mirror.url);
    expect(notices[0]).toContain(`terms are accepted at ${mirror.url}/org/tiny`);
  });
});

describe("refusals", () => {
  test.each<[string, string, Record<string, string>, Partial<HubError>]>([
    ["missing", "org/missing", {}, { code: "repository-not-found" }],
    ["private", "org/private", {}, { code: "repository-not-found" }],
    [
      "bad token",
      "org/private",
      { HF_TOKEN: "hf_wrong" },
      { code: "hub-refused", hint: expect.stringContaining("HF_TOKEN") },
    ],
    [
      "revision",
      "hf://org/private@v9",
      { HF_TOKEN: "hf_x" },
      { code: "repository-not-found", message: expect.stringContaining("v9") },
    ],
    [
      "file",
      "org/private:other.gguf",
      { HF_TOKEN: "hf_x" },
      { code: "quantization-not-found", hint: expect.stringContaining("a-Q4_0.gguf") },
    ],
    [
      "side file",
      "org/private:mmproj-f16.gguf",
      { HF_TOKEN: "hf_x" },
      { code: "quantization-not-found", reason: expect.stringContaining("projectors") },
    ],
    [
      "part",
      "org/private:a-00001-of-00002.gguf",
      { HF_TOKEN: "hf_x" },
      { code: "quantization-not-found", reason: expect.stringContaining("missing") },
    ],
    ["offline", "org/private", { HF_HUB_OFFLINE: "1" }, { code: "hub-offline" }],
  ])("%s", async (_, text, variables, expected) => {
    const files = { "a-Q4_0.gguf": gguf, "mmproj-f16.gguf": gguf, "a-00001-of-00002.gguf": gguf };
    const mirror = await startMirror({ repositories: { "org/private": { files, token: "hf_x" } } });
    expect(await failure(open(text, mirror.url, variables))).toMatchObject(expected);
  });

  test.each<[string, Record<string, Buffer>, string]>([
    ["safetensors", { "model.safetensors": gguf, "model.onnx": gguf }, "safetensors and ONNX"],
    ["only side files", { "mmproj-a.gguf": gguf }, "projectors"],
    ["nothing", { "README.md": gguf }, "no file that ends in .gguf"],
  ])("no model: %s", async (_, files, reason) => {
    const mirror = await startMirror({ repositories: { "org/tiny": { files } } });
    const error = await failure(open("org/tiny", mirror.url));
    expect(error.code).toBe("model-not-gguf");
    expect(error.reason).toContain(reason);
    expect(error.hint).toContain(`${mirror.url}/models?search=tiny%20GGUF`);
  });
});

describe("a hostile hub", () => {
  test("rows with unsafe paths, sizes or hashes are dropped with a notice", async () => {
    const rows = [
      row("a-Q4_0.gguf"),
      row("../../etc/x.gguf"),
      row("/x.gguf"),
      row("a\\b.gguf"),
      row("C:/x.gguf"),
      row("a\u0000.gguf"),
      row("a/.. /b.gguf"),
      row("x".repeat(5000)),
      row(7),
      row("size.gguf", { lfs: { oid: SHA256, size: -1 } }),
      row("big.gguf", { lfs: { oid: SHA256, size: 2 ** 60 } }),
      row("text.gguf", { lfs: { oid: SHA256, size: "100" } }),
      row("hash.gguf", { lfs: { oid: "zz", size: 100 } }),
      null,
      [],
      { type: "directory", path: "sub" },
    ];
    const server = await startServer(hubOf(rows));
    const { models, notices } = await open("org/repo", server.url);
    expect(models.flatMap(({ files }) => files)).toMatchObject([{ path: "a-Q4_0.gguf", bytes: 100, sha256: SHA256 }]);
    expect(notices).toEqual(["Left out 14 files of org/repo without a safe path, size or hash."]);
  });

  test("brackets in texts are not nesting", async () => {
    const server = await startServer(hubOf([row("a.gguf", { note: `${"[{".repeat(50)}\\"[` })]));
    expect((await open("org/repo", server.url)).models).toHaveLength(1);
  });

  test.each([
    [1, "Left out 1 file of org/repo without a safe path, size or hash."],
    [3, "Left out 3 files of org/repo without a safe path, size or hash."],
  ])("a listing of %i invalid rows says so", async (count, reason) => {
    const server = await startServer(hubOf(Array.from({ length: count }, () => row("../x.gguf"))));
    expect(await failure(open("org/repo", server.url))).toMatchObject({ code: "model-not-gguf", reason });
  });

  test("at most 128 models are taken, one of each quantization", async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => row(`m${index}-Q4_0.gguf`));
    rows.push(row("large-Q8_0.gguf", { lfs: { oid: SHA256, size: 10_000 } }));
    const server = await startServer(hubOf(rows));
    const { models, notices } = await open("org/repo", server.url);
    expect(models).toHaveLength(128);
    expect(models.at(-1)?.quantization).toBe("Q8_0");
    expect(notices).toEqual(["Left out 873 models of org/repo: only 128 are looked at."]);
    const [last] = (await open("org/repo:m999-Q4_0.gguf", server.url)).models;
    expect(last?.files[0].path).toBe("m999-Q4_0.gguf");
  });

  test("at most eight small texts of the license at the root are taken", async () => {
    const text = (path: string, size = 100) => row(path, { size, lfs: undefined });
    const rows = Array.from({ length: 4000 }, (_, index) => text(`LICENSE-${index}`));
    const others = [text("LICENSE", 257 * 1024), text("sub/LICENSE"), row("license-Q4_0.gguf"), row("a.gguf")];
    const server = await startServer(hubOf([...others, ...rows]));
    const { licenseFiles } = await open("org/repo", server.url);
    expect(licenseFiles.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((index) => `LICENSE-${index}`));
  });

  test.each(["/revision/", "/tree/"])("%s is not read from another host", async (part) => {
    const other = await startServer(hubOf([row("a.gguf")]));
    const server = await startServer((path, response) => {
      if (path.includes(part)) return response.writeHead(302, { location: other.url + path }).end();
      return hubOf([row("a.gguf")])(path);
    });
    expect(await failure(open("org/repo", server.url))).toMatchObject({
      code: "hub-refused",
      message: `${new URL(server.url).host} redirects the listing of files to ${new URL(other.url).host}.`,
      hint: expect.stringContaining("HF_ENDPOINT"),
    });
    expect(other.requests).toEqual([]);
  });

  test("the advice for a hub that redirects to https is its new address", async () => {
    const server = await startServer((path, response) =>
      response.writeHead(301, { location: `https://127.0.0.1${path}` }).end(),
    );
    expect((await failure(open("org/repo", server.url))).hint).toBe(
      "Use the address with https: export HF_ENDPOINT=https://127.0.0.1",
    );
  });

  test.each<[string, object, string | null]>([
    ["model card", { cardData: { license: "mit" } }, "mit"],
    ["name of its own", { cardData: { license: "other", license_name: "lfm1.0" } }, "lfm1.0"],
    ["list", { cardData: { license: ["mit", "x"] } }, "mit"],
    ["tag", { tags: ["gguf", "license:gemma"] }, "gemma"],
    ["control characters", { cardData: { license: "a\u001b[31m\nb" } }, "a [31m b"],
    ["wrong types", { cardData: [], tags: "license:x" }, null],
  ])("license by %s", async (_, description, license) => {
    const server = await startServer(hubOf([row("a.gguf")], description));
    expect((await open("org/repo", server.url)).license).toBe(license);
  });

  test("a name that is not a repository's is ignored", async () => {
    const server = await startServer(hubOf([row("a.gguf")], { id: "../../x" }));
    expect(await open("org/repo", server.url)).toMatchObject({ repository: "org/repo", notices: [] });
  });

  test.each<[string, (path: string, response: ServerResponse) => unknown, string]>([
    ["a page", (_, response) => response.end("<html>"), "not JSON"],
    ["no commit", hubOf([], { sha: "main" }), "name a commit"],
    ["a listing that is not a list", hubOf({}), "not a list"],
    ["too many rows", hubOf(Array.from({ length: 5001 }, () => 0)), "more than 5000"],
    ["nested lists", (_, response) => response.end("[".repeat(3_000_000)), "nested more than 32 levels"],
    ["many objects", (_, response) => response.end(`[${"{},".repeat(60_000)}0]`), "more than 50000 lists"],
    [
      "another commit",
      (path, response) => {
        response.setHeader("x-repo-commit", "a".repeat(40));
        return hubOf([row("a.gguf")])(path);
      },
      "listing is of commit",
    ],
    [
      "endless pages",
      (path, response) => {
        response.setHeader("link", `<${path}>; rel="next"`);
        return hubOf([row("a.gguf")])(path);
      },
      "more than 20 pages",
    ],
    [
      "a next page elsewhere",
      (path, response) => {
        response.setHeader("link", '<http://127.0.0.1:1/api>; rel="next"');
        return hubOf([row("a.gguf")])(path);
      },
      "another host",
    ],
    ["too long", (_, response) => response.end(Buffer.alloc(5 * 1024 * 1024, " ")), "4194304"],
  ])("%s", async (_, answer, reason) => {
    const server = await startServer(answer);
    const error = await failure(open("org/repo", server.url));
    expect(error.code).toBe("hub-refused");
    expect(error.reason).toContain(reason);
    expect(server.requests.length).toBeLessThanOrEqual(21);
  });

  test("a request that is aborted ends with the signal's reason", async () => {
    const stop = new AbortController();
    const reason = new Error("stopped by the test");
    const server = await startServer((_, response) => {
      stop.abort(reason);
      response.end("{}");
    });
    const environment = readHubEnvironment({ HF_ENDPOINT: server.url });
    const client = createHttpClient(environment);
    const opened = openSource(parseModelName("org/repo", environment), { client, environment, signal: stop.signal });
    await expect(opened).rejects.toBe(reason);
  });
});

test("a name of one word is not asked for", async () => {
  const error = await failure(open("some-word", "http://127.0.0.1:1"));
  expect(error.code).toBe("model-unknown");
});

describe("a simple mirror without descriptions", () => {
  const rows = [row("a-Q4_0.gguf")];

  test.each([
    ["the listing", true],
    ["a file", false],
  ])("names the commit in the headers of %s", async (_where, isInListing) => {
    const { url } = await startServer((path, response) => {
      const named = { "x-repo-commit": COMMIT };
      if (path.startsWith("/api/models/org/repo/tree/main")) {
        response.writeHead(200, isInListing ? named : {});
        return rows;
      }
      if (path === "/org/repo/resolve/main/a-Q4_0.gguf" && !isInListing) response.writeHead(200, named).end();
      else response.writeHead(404).end();
      return undefined;
    });
    const { revision, repository, license, models } = await open("org/repo", url);
    expect({ revision, repository, license }).toEqual({ revision: COMMIT, repository: "org/repo", license: null });
    expect(models[0]?.files[0]).toMatchObject({ url: `${url}/org/repo/resolve/${COMMIT}/a-Q4_0.gguf`, sha256: SHA256 });
  });

  test("is told from one that does not have the repository", async () => {
    const { url } = await startServer((_path, response) => response.writeHead(404).end());
    expect((await failure(open("org/repo", url))).code).toBe("repository-not-found");
  });
});
