import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readGguf } from "@nanoagent/optimizer";
import {
  buildSplitGguf,
  buildTinyGguf,
  type TinyGgufOptions,
  writeKnownModel,
  writeSparseGguf,
} from "@nanoagent/optimizer/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RemoteHeadersOptions, readRemoteHeaders } from "../../src/headers/read-remote-headers.js";
import type { RemoteModel } from "../../src/sources/remote-model.js";
import { type FileServer, hubClient, plainClient, remoteModel, startFileServer } from "./file-server.js";

/** A model whose header is longer than the pieces that are read of a further quantization. */
const LARGE: TinyGgufOptions = { vocabularySize: 16_000, layerCount: 8 };

let folder: string;
let server: FileServer;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-headers-"));
  server = await startFileServer(folder);
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string) => path.join(folder, name);
const write = (name: string, options: TinyGgufOptions) => writeSparseGguf(at(name), options);
const modelsOf = (...names: string[]) => Promise.all(names.map((name) => remoteModel(server, folder, name)));
const read = (models: readonly RemoteModel[], options: Partial<RemoteHeadersOptions> = {}) =>
  readRemoteHeaders(models, { client: plainClient(), pathOf: ({ files: [file] }) => at(file.path), ...options });

/** Writes one model in several quantizations. */
async function writeQuantizations(types = ["f16", "q8_0", "q4_0"], options = LARGE): Promise<string[]> {
  const names = types.map((type) => `model.${type}.gguf`);
  for (const [index, name] of names.entries()) await write(name, { ...options, weightType: types[index] });
  return names;
}

describe("the headers of a repository", () => {
  it("take one whole header and parts of the others", async () => {
    const names = await writeQuantizations();
    const headers = await read(await modelsOf(...names));
    for (const [index, { header, problem }] of headers.entries()) {
      expect(problem).toBeNull();
      expect(header).toEqual(await readGguf(at(names[index] ?? "")));
    }
    const [first, ...others] = names;
    expect(server.requests.filter((request) => request === first)).toHaveLength(1);
    for (const name of others) {
      const ranges = server.requests.filter((request) => request.startsWith(name));
      expect(ranges).toEqual([`${name} bytes=0-16383`, expect.stringMatching(/ bytes=\d{6}-\d+$/)]);
    }
  });

  it("are whole for a model with other tensors, and that one helps with its like", async () => {
    const tied = await writeQuantizations(["f16", "q8_0"]);
    const untied = ["untied.f16.gguf", "untied.q8_0.gguf"];
    for (const name of untied) {
      await write(name, { ...LARGE, tiedEmbeddings: false, weightType: name.split(".")[1] });
    }
    const names = [...tied, ...untied];
    const headers = await read(await modelsOf(...names));
    for (const [index, { header }] of headers.entries()) {
      expect(header).toEqual(await readGguf(at(names[index] ?? "")));
    }
    expect(server.requests).toContain(untied[0]);
    expect(headers[2]?.fetchedBytes).toBeGreaterThan(headers[2]?.header?.data_offset ?? Number.POSITIVE_INFINITY);
  });

  it("are whole if the server has no ranges", async () => {
    const names = await writeQuantizations();
    server.intercept = (name, range, response) => {
      if (range === undefined) return false;
      void readFile(at(name)).then((bytes) => response.end(bytes));
      return true;
    };
    const headers = await read(await modelsOf(...names));
    for (const [index, { header }] of headers.entries()) {
      expect(header).toEqual(await readGguf(at(names[index] ?? "")));
    }
  });

  it.each<[lie: string, header: (from: number, to: number, size: number) => string, extra: number]>([
    ["another range", (from, to, size) => `bytes ${from + 1}-${to}/${size}`, 0],
    ["another size of the file", (from, to, size) => `bytes ${from}-${to - 1}/${size + 1}`, 0],
    ["no range", () => "", 0],
    ["more bytes than requested", (from, to, size) => `bytes ${from}-${to - 1}/${size}`, 10],
    ["fewer bytes than requested", (from, to, size) => `bytes ${from}-${to - 1}/${size}`, -10],
  ])("are whole if the server sends %s", async (_lie, header, extra) => {
    const names = await writeQuantizations(["f16", "q8_0"]);
    server.intercept = (name, range, response) => {
      if (range === undefined) return false;
      void readFile(at(name)).then((bytes) => {
        const [from = 0, last = 0] = range.match(/\d+/g)?.map(Number) ?? [];
        response.writeHead(206, { "content-range": header(from, last + 1, bytes.length) });
        response.end(bytes.subarray(from, last + 1 + extra));
      });
      return true;
    };
    const headers = await read(await modelsOf(...names));
    expect(headers[1]?.header).toEqual(await readGguf(at(names[1] ?? "")));
    expect(server.requests).toContain(names[1]);
  });

  it("are read at most two at a time, and progress is told", async () => {
    const names = await writeQuantizations(["f16", "f32", "q8_0", "q4_0", "q5_0", "q6_k"], {
      ...LARGE,
      embeddingLength: 256,
      feedForwardLength: 256,
    });
    let open = 0;
    let most = 0;
    server.intercept = (_name, _range, response) => {
      most = Math.max(most, ++open);
      response.once("close", () => open--);
      return false;
    };
    const told: number[] = [];
    await read(await modelsOf(...names), { onProgress: ({ index, count }) => told.push(index * 10 + count) });
    expect(most).toBeLessThanOrEqual(2);
    expect(told).toEqual([6, 16, 26, 36, 46, 56]);
  });

  it("of no models are none", async () => {
    expect(await read([])).toEqual([]);
  });
});

describe("a whole header", () => {
  it("is received without the weights", async () => {
    await writeKnownModel(at("known.q8_0.gguf"), "Qwen2.5-0.5B");
    const [result] = await read(await modelsOf("known.q8_0.gguf"));
    expect(result?.header).toEqual(await readGguf(at("known.q8_0.gguf")));
    const { data_offset = 0, file_bytes = 0 } = result?.header ?? {};
    expect(result?.fetchedBytes).toBeLessThan(data_offset + 400_000);
    expect(file_bytes).toBeGreaterThan(data_offset * 10);
  });

  it("is completed after the connection was lost", async () => {
    const [name = ""] = await writeQuantizations(["f16"]);
    const bytes = await readFile(at(name));
    let cuts = 2;
    server.intercept = (_name, range, response) => {
      if (cuts-- <= 0) return false;
      const start = Number(/\d+/.exec(range ?? "0")?.[0]);
      response.writeHead(range === undefined ? 200 : 206, {
        "content-length": bytes.length - start,
        "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      response.write(bytes.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    const [result] = await read(await modelsOf(name));
    expect(result?.header).toEqual(await readGguf(at(name)));
    expect(server.requests).toHaveLength(3);
    expect(server.requests[1]).toMatch(/ bytes=\d+-$/);
  });

  it("is completed by a server that sends everything again", async () => {
    const [name = ""] = await writeQuantizations(["f16"]);
    const bytes = await readFile(at(name));
    let cuts = 2;
    server.intercept = (_name, _range, response) => {
      response.writeHead(200, { "content-length": bytes.length });
      if (cuts-- > 0) response.write(bytes.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(bytes);
      return true;
    };
    const [result] = await read(await modelsOf(name));
    expect(result?.header).toEqual(await readGguf(at(name)));
  });

  it("of a server that sends nothing is a problem, soon", async () => {
    const [name = ""] = await writeQuantizations(["f16"]);
    server.intercept = (_name, _range, response) => {
      response.writeHead(200, { "content-length": 1_000_000 }).flushHeaders();
      return true;
    };
    const failure = { code: "hub-unreachable", reason: "The host did not answer in time." };
    await expect(read(await modelsOf(name), { stallMilliseconds: 50 })).rejects.toMatchObject(failure);
  });

  it("is refused for a file that is followed by a second one, wherever it begins", async () => {
    const tiny = buildTinyGguf();
    await writeFile(at("two.f32.gguf"), Buffer.concat([tiny, tiny]));
    await write("far.f16.gguf", { ...LARGE, embeddingLength: 512, weightType: "f16" });
    await writeFile(at("far.f16.gguf"), tiny, { flag: "a" });
    for (const name of ["two.f32.gguf", "far.f16.gguf"]) {
      const [result] = await read(await modelsOf(name));
      expect(result?.problem?.toJSON()).toEqual(await readGguf(at(name)).catch((error) => error.toJSON()));
      expect(result?.problem?.message).toContain("contains several GGUF files");
    }
    expect(server.requests.at(-1)).toMatch(/^far\.f16\.gguf bytes=\d+-\d+$/);
  });
});

describe("a model in several files", () => {
  const names = [1, 2, 3].map((number) => `model-0000${number}-of-00003.gguf`);
  const writeParts = async (options: TinyGgufOptions): Promise<RemoteModel> => {
    const parts = buildSplitGguf(3, options);
    for (const [index, name] of names.entries()) await writeFile(at(name), parts[index] ?? "");
    return remoteModel(server, folder, ...names);
  };

  it("has the header of all files together, and helps with the other quantizations", async () => {
    const split = await writeParts({ ...LARGE, weightType: "f16" });
    const [single = ""] = await writeQuantizations(["q8_0"]);
    const [whole, other] = await read([split, ...(await modelsOf(single))]);
    expect(whole?.header).toEqual(await readGguf(at(names[0] ?? "")));
    expect(whole?.header?.file_bytes).toBe(split.files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0));
    expect(other?.header).toEqual(await readGguf(at(single)));
    expect(server.requests.filter((request) => request === single)).toEqual([]);
  });

  it("is refused without all files, as after the download", async () => {
    const { files, ...model } = await writeParts({});
    const [result] = await read([{ ...model, files: [files[0]] }]);
    await rm(at(names[1] ?? ""));
    expect(result?.problem?.toJSON()).toEqual(await readGguf(at(names[0] ?? "")).catch((error) => error.toJSON()));
    expect(result?.problem?.message).toContain("is part 2 of 3 and is missing");
  });
});

describe("an unfinished download", () => {
  it("has the header, so that nothing is requested", async () => {
    const [name = ""] = await writeQuantizations(["f16"]);
    const models = await modelsOf(name);
    const whole = await readGguf(at(name));
    await truncate(at(name), whole.data_offset + 1);
    const [result] = await read(models, { partialOf: (file) => at(file.path) });
    expect(result).toMatchObject({ header: whole, problem: null, fetchedBytes: 0 });
    expect(server.requests).toEqual([]);
  });

  it.each<[name: string, contents: Buffer | null]>([
    ["too short", buildTinyGguf(LARGE).subarray(0, 100_000) as Buffer],
    ["empty", Buffer.alloc(0)],
    ["damaged", Buffer.alloc(100_000, 1)],
    ["missing", null],
  ])("is ignored if it is %s", async (_name, contents) => {
    const [name = ""] = await writeQuantizations(["f16"]);
    if (contents !== null) await writeFile(at("partial"), contents);
    const [result] = await read(await modelsOf(name), { partialOf: () => at("partial") });
    expect(result?.header).toEqual(await readGguf(at(name)));
    expect(server.requests).toEqual([name]);
  });
});

describe("a file that cannot be used", () => {
  it("does not affect the others", async () => {
    const names = await writeQuantizations(["f16", "q8_0"]);
    await writeFile(at("page.gguf"), "<!DOCTYPE html><html><head><title>Log in</title></head></html>");
    await writeFile(at("cut.gguf"), (await readFile(at(names[0] ?? ""))).subarray(0, 300_000));
    await writeFile(at("empty.gguf"), "");
    const models = await modelsOf("page.gguf", "cut.gguf", ...names, "empty.gguf");
    const missing = models[3];
    if (missing !== undefined) models[3] = { ...missing, files: [{ ...missing.files[0], url: `${server.url}/none` }] };
    const headers = await read(models);
    expect(headers.map(({ problem }) => problem?.code ?? null)).toEqual([
      "invalid-model-file",
      "invalid-model-file",
      null,
      "repository-not-found",
      "invalid-model-file",
    ]);
    expect(headers[0]?.problem?.message).toContain(`${at("page.gguf")} cannot be used as a model`);
  });

  /** Answers requests for some files with a status, or closes the connection for 0. Returns the requested files. */
  function refuse(status: number, isRefused: (name: string) => boolean, headers: Record<string, string> = {}) {
    const requested: string[] = [];
    server.intercept = (name, _range, response) => {
      requested.push(name);
      if (!isRefused(name)) return false;
      if (status === 0) response.destroy();
      else response.writeHead(status, headers).end();
      return true;
    };
    return requested;
  }

  const TYPES = ["f16", "f32", "q4_0", "q4_1", "q5_0", "q8_0"];

  it.each([
    [403, "hub-refused"],
    [404, "repository-not-found"],
    [503, "hub-refused"],
    [0, "hub-unreachable"],
  ])("and answers with status %i does not affect the others, wherever it is", async (status, code) => {
    const names = await writeQuantizations(TYPES);
    const models = await modelsOf(...names);
    for (const refused of [0, 2, 5]) {
      refuse(status, (name) => name === names[refused]);
      const headers = await read(models);
      expect(headers.map(({ problem }) => problem?.code ?? null)).toEqual(
        names.map((_, index) => (index === refused ? code : null)),
      );
    }
  });

  it("ends the requests if the account is the cause", async () => {
    const names = await writeQuantizations(TYPES);
    const models = await modelsOf(...names);
    for (const [status, headers, code] of [
      [403, { "x-error-code": "GatedRepo" }, "repository-gated"],
      [401, { "x-error-message": "Invalid credentials in Authorization header" }, "hub-refused"],
    ] as const) {
      const client = hubClient(server.url);
      const requested = refuse(status, () => true, headers);
      const told: number[] = [];
      const failed = read(models, { client, onProgress: ({ index }) => told.push(index) });
      await expect(failed).rejects.toMatchObject({ code });
      expect(requested).toHaveLength(1);
      expect(told).toEqual([0]);
    }
  });

  it("ends the requests if two models get no answer, or four after a header was read", async () => {
    const names = await writeQuantizations([...TYPES, "q5_1", "bf16"]);
    const models = await modelsOf(...names);
    const dead = refuse(0, () => true);
    await expect(read(models)).rejects.toMatchObject({ code: "hub-unreachable" });
    expect(new Set(dead)).toEqual(new Set(names.slice(0, 2)));
    const dying = refuse(0, (name) => name !== names[0]);
    const headers = await read(models);
    expect(headers.map(({ problem }) => problem?.code ?? null)).toEqual([null, ...Array(7).fill("hub-unreachable")]);
    expect(new Set(dying).size).toBeLessThan(names.length);
    expect(headers[6]?.problem).toBe(headers[7]?.problem);
  });

  it("is the error if all models are refused", async () => {
    const models = await modelsOf(...(await writeQuantizations(["f16", "q8_0"])));
    refuse(403, () => true);
    await expect(read(models)).rejects.toMatchObject({ code: "hub-refused" });
  });

  it.each([
    ["a web page", "<!DOCTYPE html><html><head><title>Log in</title></head></html>", /web page|HTML/i],
    ["a pointer", `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 9\n`, /LFS/],
  ])("is described, whatever its stated size: %s", async (_name, contents, problem) => {
    const names = await writeQuantizations(["f16", "q8_0"]);
    for (const hasLength of [true, false]) {
      server.intercept = (name, _range, response) => {
        if (name !== names[1]) return false;
        if (hasLength) response.setHeader("content-length", Buffer.byteLength(contents));
        response.writeHead(200).write(contents);
        response.end();
        return true;
      };
      const [first, second] = await read(await modelsOf(...names));
      expect(first?.problem).toBeNull();
      expect(second?.problem?.code).toBe("invalid-model-file");
      expect(second?.problem?.message).toMatch(problem);
    }
  });

  it.each([-1, 1000])("is refused if its size differs by %i from the listed one", async (difference) => {
    const [name = ""] = await writeQuantizations(["f16"]);
    const [model] = await modelsOf(name);
    const [file] = model?.files ?? [];
    if (model === undefined || file === undefined) return expect.fail();
    const listed: RemoteModel = { ...model, files: [{ ...file, bytes: (file.bytes ?? 0) + difference }] };
    const [result] = await read([listed]);
    expect(result?.problem).toMatchObject({ code: "download-damaged" });
  });

  it("has the size that the server says, if the source says none", async () => {
    const [name = ""] = await writeQuantizations(["f16"]);
    const [model] = await modelsOf(name);
    if (model === undefined) return expect.fail();
    const [result] = await read([{ ...model, files: [{ ...model.files[0], bytes: null }] }]);
    expect(result?.header).toEqual(await readGguf(at(name)));
  });

  it("has the size of its data, if nothing says its size", async () => {
    const [name = "", other = ""] = await writeQuantizations(["f16", "q8_0"]);
    await writeFile(at("page.gguf"), "<!DOCTYPE html><html><head><title>Log in</title></head></html>");
    const models = await modelsOf(name, other, "page.gguf");
    server.intercept = (file, _range, response) => {
      createReadStream(at(file)).pipe(response.writeHead(200));
      return true;
    };
    const unknown = models.map((model) => ({ ...model, files: [{ ...model.files[0], bytes: null }] as const }));
    const [first, second, page] = await read(unknown);
    expect(first?.header).toEqual(await readGguf(at(name)));
    expect(second?.header).toEqual(await readGguf(at(other)));
    expect(page?.problem?.message).toMatch(/web page|HTML/i);
  });

  it("is received up to a limit", async () => {
    // An array of numbers that fills the file.
    const start = Buffer.alloc(24 + 8 + 1 + 4 + 4 + 8);
    start.write("GGUF");
    start.writeUInt32LE(3, 4);
    start.writeUInt32LE(2, 16);
    start.writeUInt32LE(1, 24);
    start.write("a", 32);
    start.writeUInt32LE(9, 33);
    start.writeUInt32LE(0, 37);
    start.writeUInt32LE(2 ** 29, 41);
    await writeFile(at("array.gguf"), start);
    await truncate(at("array.gguf"), 2 ** 30);
    const [result] = await read(await modelsOf("array.gguf"));
    expect(result?.problem?.code).toBe("invalid-model-file");
    expect(result?.fetchedBytes).toBeLessThan(2 * 2 ** 20);
  });
});

describe("an abort", () => {
  it("rejects with the reason and closes the connection", async () => {
    const [name = ""] = await writeQuantizations(["f16"]);
    const models = await modelsOf(name);
    const stop = new AbortController();
    const closed = new Promise<void>((resolve) => {
      server.intercept = (_name, _range, response) => {
        response.once("close", resolve);
        response.writeHead(200, { "content-length": models[0]?.files[0].bytes ?? 0 }).write("GGUF");
        setTimeout(() => stop.abort(new Error("stopped")), 20);
        return true;
      };
    });
    await expect(read(models, { signal: stop.signal })).rejects.toThrow("stopped");
    await closed;
    await expect(read(models, { signal: stop.signal })).rejects.toThrow("stopped");
  });
});
