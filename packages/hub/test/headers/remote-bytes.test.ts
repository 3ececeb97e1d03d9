import { Readable } from "node:stream";
import { type ByteSource, parseGguf } from "@nanoagent/optimizer";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { RemoteAccess } from "../../src/headers/fetch-range.js";
import { RemoteBytes } from "../../src/headers/remote-bytes.js";
import type { HttpClient, HttpRequest } from "../../src/network/http-client.js";

/** Serves one file from memory, in parts of the given lengths, and loses the connection after some of them. */
class FileClient implements HttpClient {
  readonly #file: Uint8Array;
  readonly #partBytes: readonly number[];
  readonly #hasRanges: boolean;
  #losses: number;

  constructor(file: Uint8Array, partBytes: readonly number[], losses = 0, hasRanges = true) {
    this.#file = file;
    this.#partBytes = partBytes;
    this.#losses = losses;
    this.#hasRanges = hasRanges;
  }

  async request({ url, headers = {} }: HttpRequest) {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec((this.#hasRanges && headers.range) || "") ?? [];
    const start = Number(first ?? 0);
    const end = last ? Math.min(Number(last) + 1, this.#file.length) : this.#file.length;
    const range = first === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${this.#file.length}` };
    return {
      status: first === undefined ? 200 : 206,
      headers: { "content-length": String(end - start), ...range },
      url,
      body: Readable.from(this.#parts(start, end), { objectMode: false }),
      text: () => Promise.reject(new Error("Not a text.")),
    };
  }

  *#parts(start: number, end: number): Generator<Buffer> {
    let at = start;
    for (let index = 0; at < end; index++) {
      if (index === 3 && this.#losses-- > 0) throw Object.assign(new Error("lost"), { code: "ECONNRESET" });
      const bytes = this.#partBytes[index % this.#partBytes.length] ?? 65_536;
      yield Buffer.from(this.#file.subarray(at, Math.min(end, at + bytes)));
      at += bytes;
    }
  }
}

class MemoryBytes implements ByteSource {
  readonly length: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    const part = this.#bytes.subarray(offset, offset + target.length);
    target.set(part);
    return part.length;
  }
}

const fileOf = (bytes: number | null) => ({
  path: "model.gguf",
  bytes,
  sha256: null,
  gitSha1: null,
  url: "http://localhost/model.gguf",
});

function accessTo(client: HttpClient): RemoteAccess {
  return { client, signal: undefined, stallMilliseconds: 30_000, onBytes: () => {} };
}

const outcomeOf = (source: ByteSource): Promise<unknown> =>
  parseGguf("model.gguf", source).catch((error: { toJSON?(): unknown }) => {
    if (error.toJSON === undefined) throw error;
    return error.toJSON();
  });

const tiny = buildTinyGguf({ vocabularySize: 1000, weightType: "q8_0" });
const files = [tiny, Buffer.concat([tiny, tiny]), Buffer.concat([tiny, Buffer.alloc(40)]), tiny.subarray(0, 30_000)];
const partBytes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });
const changes = fc.array(fc.tuple(fc.nat(60_000), fc.nat(255)), { maxLength: 3 });

it("reads the same as from memory, however the body is cut and lost, also if the file is damaged", async () => {
  const outcomes = new Set<string>();
  const property = fc.asyncProperty(
    fc.constantFrom(...files),
    partBytes.filter((parts) => parts.some((bytes) => bytes > 1000)),
    changes,
    fc.integer({ min: 0, max: 3 }),
    fc.boolean(),
    async (original, parts, changed, losses, hasRanges) => {
      const file = Uint8Array.from(original);
      for (const [at, value] of changed) if (at < file.length) file[at] = value;
      const client = new FileClient(file, parts, losses, hasRanges);
      const source = await RemoteBytes.open(fileOf(file.length), "model.gguf", accessTo(client));
      const outcome = await outcomeOf(source);
      expect(outcome).toEqual(await outcomeOf(new MemoryBytes(file)));
      outcomes.add(String((outcome as { code?: string }).code));
      source.close();
    },
  );
  await fc.assert(property, { numRuns: 300 });
  expect(outcomes).toEqual(new Set(["undefined", "invalid-model-file"]));
});

it("gives up after the third lost connection", async () => {
  const open = (losses: number) =>
    RemoteBytes.open(fileOf(null), "model.gguf", accessTo(new FileClient(tiny, [100], losses)));
  await expect(parseGguf("model.gguf", await open(3))).resolves.toMatchObject({ file_bytes: tiny.length });
  await expect(parseGguf("model.gguf", await open(4))).rejects.toMatchObject({ code: "hub-unreachable" });
});

it("reads again the first 4 KB and the last read, and other places by their range", async () => {
  const bytes = Uint8Array.from({ length: 10_000_000 }, (_, index) => (index * 7919) >> 5);
  const requests: (string | undefined)[] = [];
  const client = new FileClient(bytes, [65_536]);
  const source = await RemoteBytes.open(
    fileOf(bytes.length),
    "model.gguf",
    accessTo({
      request: (request) => {
        requests.push(request.headers?.range);
        return client.request(request);
      },
    }),
  );
  const expectRead = async (offset: number, length: number) => {
    const target = new Uint8Array(length);
    const count = await source.read(offset, target);
    expect(count).toBe(Math.max(0, Math.min(length, bytes.length - offset)));
    expect(Buffer.from(target.subarray(0, count)).equals(bytes.subarray(offset, offset + count))).toBe(true);
  };
  await expectRead(0, 4);
  await expectRead(0, 100_000);
  await expectRead(3000, 50_000);
  await expectRead(200_000, 5000);
  await expectRead(100, 3000);
  await expectRead(201_000, 10_000);
  expect(requests).toEqual([undefined]);
  await expectRead(9_999_998, 4);
  await expectRead(150_000, 10);
  await expectRead(10_000_001, 4);
  await expectRead(300_000, 10);
  expect(requests).toEqual([undefined, "bytes=9999998-9999999", "bytes=150000-150009"]);
  await expectRead(20, 5000);
  await expectRead(10_000, 5);
  await expect(source.read(10_000, new Uint8Array(5))).rejects.toMatchObject({ code: "invalid-model-file" });
  source.close();
});
