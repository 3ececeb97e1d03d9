import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { MemoryBroker } from "../../../server/test/mqtt/memory-broker.js";
import { FleetError } from "../../src/fleet-error.js";
import type { BundleOffer } from "../../src/offers/bundle-offer.js";
import { fetchBundle, removeDownloads } from "../../src/offers/fetch-bundle.js";
import { temporaryFolder, testKey } from "../bundle/bundle-parts.js";
import { type Answer, sendRange, serveFile, startOf } from "./file-server.js";
import { files, key, signedBundle, type TestBundle } from "./offer-parts.js";

const times = { response: 400, stall: 300, firstPause: 5 };
const bundle = signedBundle({ files: files(20, 50_000) });
const { bytes } = bundle;

interface Fetching {
  readonly folder?: string;
  readonly keys?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (share: number) => void;
}

function fetchFrom(url: string, { offer }: Pick<TestBundle, "offer"> = bundle, fetching: Fetching = {}) {
  return fetchBundle({
    offer: { ...offer, from: { url } },
    broker: new MemoryBroker(),
    prefix: "nanoagent",
    folder: path.join(temporaryFolder(), "downloads"),
    keys: [key.publicPem],
    signal: new AbortController().signal,
    times,
    ...fetching,
  });
}

async function failure(fetching: Promise<string>): Promise<FleetError> {
  const error = await fetching.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (FleetError.isInstance(error)) return error as FleetError;
  throw error ?? new Error("It was fetched");
}

/** Fetches from a server, and expects the whole bundle. Returns the ranges that were asked for. */
async function expectFetched(answer: Answer, fetching: Fetching = {}): Promise<readonly string[]> {
  const server = await serveFile(answer);
  const file = await fetchFrom(server.url, bundle, fetching);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  return server.ranges;
}

describe("a bundle from a server", () => {
  test("comes in one request, without credentials", async () => {
    const server = await serveFile((request, response) => sendRange(request, response, bytes));
    const shares: number[] = [];
    const file = await fetchFrom(server.url, bundle, { onProgress: (share) => shares.push(share) });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(server.ranges).toEqual(["all"]);
    expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
    expect(shares).toEqual([...shares].sort((one, other) => one - other));
    expect(Object.keys(server.headers[0] ?? {}).sort()).toEqual([
      "accept",
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
    ]);
  });

  test("continues after each break, with the mark of the file", async () => {
    const server = await serveFile((request, response, turn) => {
      const until = startOf(request) + 150_000;
      if (turn < 4) sendRange(request, response, bytes, { until });
      else sendRange(request, response, bytes);
    });
    const file = await fetchFrom(server.url);
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(server.ranges).toEqual(["all", ...[1, 2, 3, 4].map((part) => `bytes=${part * 150_000}-`)]);
    expect(server.headers.slice(1).map((headers) => headers["if-range"])).toEqual(Array(4).fill('"one"'));
  });

  test("continues in a later call, and only asks for what is missing", async () => {
    const folder = temporaryFolder();
    const stop = new AbortController();
    const server = await serveFile((request, response, turn) => {
      if (turn === 0) response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 400_000));
      else sendRange(request, response, bytes);
    });
    const onProgress = (share: number) => {
      if (share > 0.3) stop.abort(new Error("The program ends."));
    };
    await expect(fetchFrom(server.url, bundle, { folder, signal: stop.signal, onProgress })).rejects.toThrow(
      "The program ends.",
    );
    const file = await fetchFrom(server.url, bundle, { folder });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(Number(/\d+/.exec(server.ranges[1] ?? "")?.[0])).toBeGreaterThan(bytes.length * 0.3);
    // A whole one needs no request.
    expect(await fetchFrom(server.url, bundle, { folder })).toBe(file);
    expect(server.ranges).toHaveLength(2);
  });

  test("drops a damaged part of an earlier call, from its first wrong file on", async () => {
    const folder = temporaryFolder();
    const server = await serveFile((request, response) => sendRange(request, response, bytes));
    const file = await fetchFrom(server.url, bundle, { folder });
    const damaged = Uint8Array.from(bytes);
    damaged[500_000] = 0;
    writeFileSync(file, damaged);
    expect(readFileSync(await fetchFrom(server.url, bundle, { folder })).equals(bytes)).toBe(true);
    expect(server.ranges[1]).toMatch(/^bytes=4\d{5}-$/);
    writeFileSync(file, `${"x".repeat(5000)}\n`);
    expect(readFileSync(await fetchFrom(server.url, bundle, { folder })).equals(bytes)).toBe(true);
    // Zeros of the whole size, or behind a part of the head, as a power cut leaves them.
    for (const start of [0, 100]) {
      writeFileSync(file, Buffer.concat([bytes.subarray(0, start), Buffer.alloc(bytes.length - start)]));
      expect(readFileSync(await fetchFrom(server.url, bundle, { folder })).equals(bytes)).toBe(true);
    }
    writeFileSync(file, Buffer.concat([bytes, bytes]));
    expect(readFileSync(await fetchFrom(server.url, bundle, { folder })).equals(bytes)).toBe(true);
  });

  test("comes from a server that cannot send parts", async () => {
    await expectFetched((_, response, turn) => {
      response.writeHead(200, { "content-length": bytes.length });
      if (turn > 2) response.end(bytes);
      else response.write(bytes.subarray(0, 100_000 * (turn + 1)), () => setTimeout(() => response.destroy(), 20));
    });
  });

  test.each<[string, (from: number) => Record<string, string>]>([
    ["another start", (from) => ({ "content-range": `bytes ${from + 7}-${bytes.length - 1}/${bytes.length}` })],
    ["no range", () => ({})],
    ["nonsense", () => ({ "content-range": "bytes all/of it" })],
  ])("comes from a server that lies about parts: %s", async (_, headers) => {
    const ranges = await expectFetched((request, response, turn) => {
      if (turn === 0) sendRange(request, response, bytes, { until: 100_000 });
      else if (request.headers.range === undefined) sendRange(request, response, bytes);
      else response.writeHead(206, headers(startOf(request))).end(bytes);
    });
    expect(ranges).toEqual(["all", "bytes=100000-", "all"]);
  });

  test("comes although the server sends the wrong part under the right name", async () => {
    const ranges = await expectFetched((request, response, turn) => {
      if (turn === 0) sendRange(request, response, bytes, { until: 300_000, tag: null });
      else if (turn === 1) {
        const from = startOf(request);
        response.writeHead(206, { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
        response.end(bytes.subarray(0, bytes.length - from));
      } else sendRange(request, response, bytes);
    });
    expect(ranges).toHaveLength(3);
  });

  test("comes after zeros, from a server whose upload was not done", async () => {
    let sent = 0;
    await expectFetched((request, response) => {
      sent += 1;
      sendRange(request, response, sent === 1 ? Buffer.alloc(bytes.length) : bytes);
    });
  });

  test("comes although the end of the file was not to be had", async () => {
    const ranges = await expectFetched((request, response, turn) => {
      if (turn === 0) sendRange(request, response, bytes, { until: 100_000 });
      else if (turn === 1) response.writeHead(416).end();
      else sendRange(request, response, bytes);
    });
    expect(ranges).toEqual(["all", "bytes=100000-", "all"]);
  });

  test.each(['"two"', null])("begins again when the file changed in between, with the mark %s", async (tag) => {
    const other = Uint8Array.from(bytes).fill(0x20, bundle.head.headBytes + 20_000);
    await expectFetched((request, response, turn) => {
      if (turn === 0) sendRange(request, response, other, { until: 15_000 + bundle.head.headBytes });
      else sendRange(request, response, bytes, { tag });
    });
  });

  test("begins again when a server ignores the mark", async () => {
    await expectFetched((request, response, turn) => {
      if (turn === 0) return sendRange(request, response, bytes, { until: 200_000 });
      delete request.headers["if-range"];
      sendRange(request, response, bytes, { tag: '"two"' });
    });
  });

  test("waits as long as a busy server asks", async () => {
    const began = performance.now();
    await expectFetched((request, response, turn) => {
      if (turn === 0) response.writeHead(503, { "retry-after": "1" }).end();
      else if (turn === 1) response.writeHead(429).end();
      else sendRange(request, response, bytes);
    });
    expect(performance.now() - began).toBeGreaterThan(950);
  });

  test("comes through redirects", async () => {
    const ranges = await expectFetched((request, response, turn) => {
      if (turn < 5) response.writeHead(302, { location: `/hop-${turn}` }).end();
      else sendRange(request, response, bytes);
    });
    expect(ranges).toHaveLength(6);
  });

  test("comes from a server that goes on after its end", async () => {
    expect(await expectFetched((_, response) => endless(response, bytes))).toEqual(["all"]);
  });

  test("may stop answering and come after all", async () => {
    const ranges = await expectFetched((request, response, turn) => {
      if (turn === 0) return;
      if (turn === 1) response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 100_000));
      else sendRange(request, response, bytes);
    });
    expect(ranges).toEqual(["all", "all", "bytes=100000-"]);
  });

  test.each<[string, Answer, RegExp]>([
    [
      "redirects in circles",
      (_, response) => response.writeHead(302, { location: "/again" }).end(),
      /more than 5 times/,
    ],
    ["redirects to a file", (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(), /http/],
    ["redirects to a password", (_, r) => r.writeHead(302, { location: "http://a:b@127.0.0.1/" }).end(), /password/],
    ["redirects to nonsense", (_, response) => response.writeHead(302, { location: "http://[" }).end(), /not a URL/],
    ["has no such file", (_, response) => response.writeHead(404).end(), /status 404/],
    ["wants a password", (_, response) => response.writeHead(401).end(), /status 401/],
    ["is broken", (_, response) => response.writeHead(500).end(), /status 500/],
    ["closes at once", (request) => request.socket.destroy(), /closed the connection/],
    ["does not speak HTTP", (request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n"), /connection failed|closed/],
    ["never answers", () => {}, /did not answer in time/],
    ["never ends", (_, r) => endless(r, bytes.subarray(0, 40_000)), /other content.*wrong/s],
    ["sends a page to log in", (_, r) => r.writeHead(200).end("<html>\n"), /other content.*begin as a bundle/s],
    ["has another size", (_, r) => r.writeHead(200, { "content-length": 9 }).end("123456789"), /9 bytes there/],
    ["compresses", (_, r) => r.writeHead(200, { "content-encoding": "gzip" }).end("x"), /content-encoding/],
    ["answers slowly", (_, response) => trickle(response), /almost nothing for too long/],
  ])("does not come from a server that %s", async (_, answer, reason) => {
    const server = await serveFile(answer);
    const error = await failure(fetchFrom(server.url));
    expect(error.reason).toMatch(reason);
    expect(error.code).toBe("bundle-unreadable");
    expect(error.hint).not.toBeNull();
    expect(server.ranges.length).toBeLessThanOrEqual(6);
  });

  test("does not come where nobody listens", async () => {
    const error = await failure(fetchFrom("http://127.0.0.1:9/x"));
    expect([error.code, error.reason]).toEqual(["bundle-unreadable", "The server does not accept connections."]);
  });

  test("of another manifest is not taken, and nothing of it stays", async () => {
    const folder = temporaryFolder();
    const other = signedBundle({ files: files(20, 50_000), change: { created: "2026-11-30T09:00:00.001Z" } });
    expect(other.bytes.length).toBe(bytes.length);
    const server = await serveFile((request, response) => sendRange(request, response, other.bytes));
    const error = await failure(fetchFrom(server.url, bundle, { folder }));
    expect(error.reason).toContain("another bundle");
    expect(readdirSync(folder).map((name) => readFileSync(path.join(folder, name)).length)).toEqual([0]);
  });

  test("stops at once when its signal aborts", async () => {
    const stop = new AbortController();
    const server = await serveFile((_, response) => {
      response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 1000));
      setTimeout(() => stop.abort(new Error("withdrawn")), 50);
    });
    await expect(fetchFrom(server.url, bundle, { signal: stop.signal })).rejects.toThrow("withdrawn");
    await vi.waitFor(() => expect(server.ranges).toHaveLength(1), { timeout: 20_000 });
  });
});

describe("an offer that nobody may use", () => {
  const refuse = async (offer: BundleOffer, keys = [key.publicPem]) => {
    const server = await serveFile((_, response) => response.end(bytes));
    const error = await failure(fetchFrom(server.url, { offer }, { keys }));
    expect(server.ranges).toEqual([]);
    return error;
  };

  test("is refused before anything is downloaded", async () => {
    const { offer } = bundle;
    const other = signedBundle({ change: { name: "other" } });
    const { manifest, manifest_sha256 } = other.offer;
    expect((await refuse({ ...offer, signatures: [] })).code).toBe("bundle-untrusted");
    expect((await refuse(offer, [testKey().publicPem])).code).toBe("bundle-untrusted");
    expect((await refuse(offer, [])).code).toBe("bundle-untrusted");
    expect((await refuse({ ...offer, manifest, manifest_sha256 })).code).toBe("bundle-untrusted");
    expect((await refuse(offer, ["nonsense"])).code).toBe("signing-key-invalid");
    expect((await refuse({ ...offer, sequence: 8 })).reason).toContain("sequence 8, and its manifest has 7");
    expect((await refuse({ ...offer, size: 2 * offer.size })).reason).toMatch(/names a size of/);
    expect((await refuse({ ...offer, size: 100 })).code).toBe("bundle-malformed");
    // The sizes of the signed manifest are those of another file.
    const wrong = { ...offer, manifest: other.offer.manifest, manifest_sha256: other.offer.manifest_sha256 };
    expect((await refuse({ ...wrong, signatures: other.offer.signatures })).code).toBe("bundle-malformed");
  });

  test("is refused as soon as a long manifest is here", async () => {
    const folder = temporaryFolder();
    const many = signedBundle({ files: [...files(700, 0), { path: "large", text: "x".repeat(2_000_000) }] });
    expect(many.offer.manifest).toBeNull();
    let sent = 0;
    const server = await serveFile((_, response) => {
      response.writeHead(200, { "content-length": many.bytes.length });
      response.write(many.bytes.subarray(0, many.head.headBytes + 10));
      sent += 1;
    });
    const error = await failure(fetchFrom(server.url, many, { keys: [testKey().publicPem], folder }));
    expect(error.code).toBe("bundle-untrusted");
    expect(sent).toBe(1);
    const wrongSequence = { offer: { ...many.offer, sequence: 9 } };
    expect((await failure(fetchFrom(server.url, wrongSequence, { folder }))).code).toBe("bundle-malformed");
  });
});

describe("the folder of downloads", () => {
  test("keeps one download, and nothing else is touched", async () => {
    const folder = temporaryFolder();
    const old = `3-${"a".repeat(64)}.part`;
    writeFileSync(path.join(folder, old), "old");
    mkdirSync(path.join(folder, `4-${"b".repeat(64)}.part`));
    writeFileSync(path.join(folder, "notes.txt"), "mine");
    const server = await serveFile((request, response) => sendRange(request, response, bytes));
    const file = await fetchFrom(server.url, bundle, { folder });
    expect(readdirSync(folder).sort()).toEqual([path.basename(file), "notes.txt"]);
    await removeDownloads(folder);
    await removeDownloads(path.join(folder, "missing"));
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
  });

  test("is not left through a link", async () => {
    const folder = temporaryFolder();
    const outside = path.join(temporaryFolder(), "outside");
    writeFileSync(outside, "mine");
    symlinkSync(outside, path.join(folder, `7-${bundle.head.manifestSha256}.part`));
    const server = await serveFile((request, response) => sendRange(request, response, bytes));
    expect((await failure(fetchFrom(server.url, bundle, { folder }))).code).toBe("bundle-unsuitable");
    expect(readFileSync(outside, "utf8")).toBe("mine");
  });

  test("that cannot be made is an error of this device", async () => {
    const folder = path.join(temporaryFolder(), "file");
    writeFileSync(folder, "");
    const error = await failure(fetchFrom("http://127.0.0.1:9/x", bundle, { folder: path.join(folder, "in") }));
    expect([error.code, error.reason]).toEqual(["bundle-unsuitable", expect.stringContaining("ENOTDIR")]);
  });
});

function trickle(response: Parameters<Answer>[1]): void {
  response.writeHead(200);
  let at = 0;
  const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 20);
  response.on("close", () => clearInterval(timer));
}

/** Sends something, and then zeros for ever. */
function endless(response: Parameters<Answer>[1], first: Uint8Array): void {
  const block = new Uint8Array(10_000);
  response.writeHead(200).write(first);
  const more = () => {
    while (!response.destroyed && response.write(block));
  };
  response.on("drain", more);
  more();
}

describe.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")(
  "a disk that is too small (needs root)",
  () => {
    function smallDisk(): string {
      const folder = temporaryFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=18m", "tmpfs", folder]);
      onTestFinished(() => {
        execFileSync("umount", [folder]);
      });
      return folder;
    }

    test("refuses an offer before anything is downloaded, counting the file and its content", async () => {
      const server = await serveFile((request, response) => sendRange(request, response, bytes));
      const error = await failure(fetchFrom(server.url, bundle, { folder: smallDisk() }));
      expect(error).toMatchObject({ code: "bundle-unsuitable" });
      // 16.8 MB, twice the files, and the bundle.
      expect(error.message).toMatch(/ has 18\.9 MB free, but the bundle needs 19\.\d MB\.$/);
      expect(server.ranges).toEqual([]);
    });

    test("refuses an offer without a manifest as soon as that is here", async () => {
      const server = await serveFile((request, response) => {
        response.writeHead(200, { "content-length": bytes.length, etag: '"one"' }).write(bytes.subarray(0, 100_000));
        request.on("close", () => response.destroy());
      });
      const offer = { ...bundle.offer, manifest: null };
      const error = await failure(fetchFrom(server.url, { offer }, { folder: smallDisk() }));
      expect(error).toMatchObject({ code: "bundle-unsuitable" });
      expect(error.message).toMatch(/but the bundle needs 19\.\d MB\.$/);
      expect(server.ranges).toEqual(["all"]);
    });
  },
);
