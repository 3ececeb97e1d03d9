import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { readHubEnvironment } from "../../src/environment/hub-environment.js";
import { HubError } from "../../src/hub-error.js";
import { parseModelName } from "../../src/names/parse-model-name.js";
import { createHttpClient } from "../../src/network/create-http-client.js";
import { licenseOfText } from "../../src/sources/license-text.js";
import { openSource } from "../../src/sources/open-source.js";
import type { RemoteRepository } from "../../src/sources/remote-model.js";
import { startLocalServer } from "../../src/testing/local-server.js";
import { type OllamaMirror, type OllamaMirrorModel, startOllamaMirror } from "../../src/testing/ollama-mirror.js";

const mirrors: OllamaMirror[] = [];
afterEach(async () => {
  await Promise.all(mirrors.splice(0).map((mirror) => mirror.close()));
});

async function startMirror(models: Record<string, OllamaMirrorModel>): Promise<OllamaMirror> {
  const mirror = await startOllamaMirror({ models });
  mirrors.push(mirror);
  return mirror;
}

function open(text: string, mirror: OllamaMirror, variables: Record<string, string> = {}): Promise<RemoteRepository> {
  const environment = readHubEnvironment({
    NANOAGENT_OLLAMA_REGISTRY: mirror.url,
    HF_TOKEN: "hf_secret",
    ...variables,
  });
  return openSource(parseModelName(text, environment), {
    client: createHttpClient(environment, { waits: [] }),
    environment,
  });
}

async function failure(opened: Promise<unknown>): Promise<HubError> {
  const error = await opened.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(HubError);
  return error as HubError;
}

function sha256(contents: Buffer | string): string {
  return createHash("sha256").update(contents).digest("hex");
}

const gguf = Buffer.from("GGUF of a test, which is not read");
const apache =
  "                                 Apache License\n                           Version 2.0, January 2004\n";

test("a model is described by its manifest, its configuration and its license", async () => {
  const model = { gguf, license: apache, template: "{{ .Prompt }}", params: { stop: ["x"] }, fileType: "Q4_K_M" };
  const mirror = await startMirror({ "library/tiny:latest": model });
  const found = await open("ollama:tiny", mirror);
  expect(found).toEqual({
    source: "ollama",
    repository: "library/tiny:latest",
    reference: "latest",
    revision: expect.stringMatching(/^[0-9a-f]{64}$/),
    license: "apache-2.0",
    licenseFiles: [expect.objectContaining({ path: "LICENSE", sha256: sha256(apache) })],
    models: [
      {
        quantization: "Q4_K_M",
        files: [
          {
            path: "tiny-latest.gguf",
            bytes: gguf.length,
            sha256: sha256(gguf),
            gitSha1: null,
            url: `${mirror.url}/v2/library/tiny/blobs/sha256:${sha256(gguf)}`,
          },
        ],
      },
    ],
    notices: ["Ollama's template, system prompt and parameters are not used: the chat template in the file is."],
  });
  // The weights are not requested, and the token of the hub stays away from Ollama.
  const blobs = mirror.requests.filter(({ server }) => server === "blobs");
  expect(blobs.map(({ url }) => url)).not.toContainEqual(expect.stringContaining(sha256(gguf)));
  expect(blobs).toHaveLength(2);
  expect(mirror.requests.map(({ headers }) => headers.authorization)).not.toContainEqual(expect.anything());
});

test("one request is enough where the tag has the quantization and the license is long", async () => {
  const mirror = await startMirror({ "ada/tiny:1b-q4_K_M": { gguf, license: "x".repeat(300_000) } });
  const found = await open("ollama:ada/tiny:1b-q4_K_M", mirror);
  expect(found).toMatchObject({ license: null, models: [{ quantization: "Q4_K_M" }] });
  expect(mirror.requests).toHaveLength(1);
});

test("the address of a blob leads to its contents on the second server, also for a range", async () => {
  const mirror = await startMirror({ "library/tiny:q4_0": { gguf } });
  const { models } = await open("ollama:tiny:q4_0", mirror);
  const client = createHttpClient(readHubEnvironment({}), { waits: [] });
  const response = await client.request({ url: models[0]?.files[0].url ?? "", headers: { range: "bytes=5-" } });
  expect(response.status).toBe(206);
  expect(response.url.startsWith(mirror.blobsUrl)).toBe(true);
  expect(await response.text(100)).toBe(gguf.subarray(5).toString());
  expect(mirror.requests.at(-1)).toMatchObject({ server: "blobs", sentBytes: gguf.length - 5 });
});

test("unreadable and wrong small blobs only leave facts unknown", async () => {
  const mirror = await startMirror({
    "library/tiny:latest": { gguf, license: "MIT License, with a longer text", fileType: "Q8_0" },
  });
  mirror.faults.wrongByte = { position: 19, times: 2 };
  expect(await open("ollama:tiny", mirror)).toMatchObject({ license: null, models: [{ quantization: null }] });
  mirror.faults.truncate = { afterBytes: 3, times: 100 };
  expect(await open("ollama:tiny", mirror)).toMatchObject({ license: null, models: [{ quantization: null }] });
  mirror.faults.truncate = null;
  expect(await open("ollama:tiny", mirror)).toMatchObject({ license: "mit", models: [{ quantization: "Q8_0" }] });
});

describe("refusals", () => {
  const extra = Buffer.from("more");
  test.each<[string, OllamaMirrorModel, string]>([
    ["tensors", { layers: [{ kind: "tensor", contents: extra }] }, "tensors"],
    ["no model", { license: apache }, "no model"],
    ["several models", { gguf, layers: [{ kind: "model", contents: extra }] }, "2 files"],
    ["an adapter", { gguf, layers: [{ kind: "adapter", contents: extra }] }, "adapter"],
  ])("%s", async (_, model, reason) => {
    const mirror = await startMirror({ "library/tiny:latest": model });
    const error = await failure(open("ollama:tiny", mirror));
    expect(error.code).toBe("model-not-gguf");
    expect(error.reason).toContain(reason);
    expect(error.message).toContain("ollama:tiny");
  });

  test("a projector and a draft model are left out with notices", async () => {
    const layers = [
      { kind: "projector", contents: extra },
      { kind: "draft", contents: gguf.subarray(1) },
    ];
    const mirror = await startMirror({ "library/tiny:latest": { gguf, layers } });
    expect((await open("ollama:tiny", mirror)).notices).toEqual([
      expect.stringContaining("projector"),
      expect.stringContaining("draft"),
    ]);
  });

  test("a missing model or tag", async () => {
    const mirror = await startMirror({ "library/tiny:latest": { gguf } });
    expect((await failure(open("ollama:tiny:other", mirror))).code).toBe("repository-not-found");
    expect((await failure(open("ollama:ada/tiny", mirror))).code).toBe("repository-not-found");
  });

  test.each([
    [401, "repository-not-found"],
    [412, "hub-refused"],
    [403, "hub-refused"],
    [500, "hub-refused"],
  ])("status %i", async (status, code) => {
    const mirror = await startMirror({ "library/tiny:latest": { gguf } });
    mirror.manifestStatus = status;
    const error = await failure(open("ollama:tiny", mirror));
    expect(error.code).toBe(code);
    expect(error.hint).toBeTruthy();
    expect(JSON.stringify(error)).not.toContain("HF_");
  });

  const layer = { mediaType: "application/vnd.ollama.image.model", digest: `sha256:${"a".repeat(64)}`, size: 100 };
  test.each<[string, unknown]>([
    ["a page", "<html>"],
    ["a list", []],
    ["null", null],
    ["no layers", {}],
    ["a layer without a digest", { layers: [{ ...layer, digest: "sha256:../../x" }] }],
    ["a digest of another kind", { layers: [{ ...layer, digest: `sha512:${"a".repeat(64)}` }] }],
    ["a size that is not one", { layers: [{ ...layer, size: -1 }] }],
    ["too many bytes", { layers: [], filling: "x".repeat(1024 * 1024) }],
  ])("a manifest that is %s", async (_, body) => {
    const mirror = await startMirror({});
    mirror.manifestBody = typeof body === "string" ? body : JSON.stringify(body);
    const error = await failure(open("ollama:tiny:q4_0", mirror));
    expect(error.code).toBe("hub-refused");
    expect(error.hint).toContain("NANOAGENT_OLLAMA_REGISTRY");
    expect(JSON.stringify(error)).not.toContain("HF_");
  });

  test("a manifest is not read from another host", async () => {
    const server = await startLocalServer((request, response) => {
      if (request.url?.startsWith("/v2/")) response.writeHead(307, { location: `${other.url}${request.url}` });
      response.end();
    });
    const other = await startMirror({ "library/tiny:latest": { gguf } });
    const error = await failure(open("ollama:tiny", other, { NANOAGENT_OLLAMA_REGISTRY: server.url }));
    await server.close();
    expect(error).toMatchObject({ code: "hub-refused", hint: expect.stringContaining("NANOAGENT_OLLAMA_REGISTRY") });
    expect(other.requests).toEqual([]);
  });

  test("at most eight texts of the license are taken", async () => {
    const mirror = await startMirror({});
    const license = { ...layer, mediaType: "application/vnd.ollama.image.license" };
    const long = { ...license, size: 300_000 };
    mirror.manifestBody = JSON.stringify({ layers: [layer, long, ...Array(2000).fill(license)] });
    const { licenseFiles } = await open("ollama:tiny:q4_0", mirror);
    expect(licenseFiles.map(({ path }) => path)).toEqual([2, 3, 4, 5, 6, 7, 8, 9].map((index) => `LICENSE-${index}`));
  });

  test("a manifest without a configuration leaves the quantization unknown", async () => {
    const mirror = await startMirror({});
    mirror.manifestBody = JSON.stringify({ layers: [layer] });
    expect((await open("ollama:tiny", mirror)).models).toMatchObject([{ quantization: null, files: [{ bytes: 100 }] }]);
  });
});

test.each([
  [apache, "apache-2.0"],
  ["MIT License\n\nCopyright", "mit"],
  ["LLAMA 3.2 COMMUNITY LICENSE AGREEMENT", "llama3.2"],
  ["Gemma Terms of Use", "gemma"],
  ["All rights reserved", null],
  ["MIT License or Apache License\nVersion 2.0", null],
  [`${" ".repeat(5000)}MIT License`, null],
])("license of a text %#", (text, license) => {
  expect(licenseOfText(text)).toBe(license);
});
