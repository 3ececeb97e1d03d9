import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HubMirror, startHubMirror } from "../../src/testing/hub-mirror.js";

const weights = Buffer.from(`GGUF${"0123456789".repeat(30_000)}`);
const readme = "# A model\n";
const commit = "c".repeat(40);
let mirror: HubMirror;

beforeEach(async () => {
  mirror = await startHubMirror({
    pageSize: 2,
    repositories: {
      "org/tiny": { files: { "README.md": Buffer.from(readme), "sub/a b.gguf": weights }, commit, license: "mit" },
      "org/old": { files: {}, renamedTo: "org/tiny" },
      "org/gated": { files: { "a.gguf": weights }, gated: true, token: "hf_accepted" },
      "org/private": { files: { "a.gguf": weights }, token: "hf_owner" },
    },
  });
});
afterEach(() => mirror.close());

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(path.startsWith("http") ? path : `${mirror.url}${path}`, { method, headers, redirect: "manual" });

test("the listing has sizes and hashes, in pages", async () => {
  const first = await get("/api/models/org/tiny/tree/main?recursive=true");
  const next = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1];
  const rows = [...((await first.json()) as object[]), ...((await (await get(next ?? "")).json()) as object[])];
  expect(rows).toEqual([
    {
      type: "file",
      path: "README.md",
      size: 10,
      oid: createHash("sha1").update(`blob 10\0${readme}`).digest("hex"),
    },
    { type: "directory", path: "sub", size: 0, oid: expect.stringMatching(/^[0-9a-f]{40}$/) },
    {
      type: "file",
      path: "sub/a b.gguf",
      size: weights.length,
      oid: expect.stringMatching(/^[0-9a-f]{40}$/),
      lfs: { oid: createHash("sha256").update(weights).digest("hex"), size: weights.length, pointerSize: 131 },
    },
  ]);
});

test("a file of LFS is on the second server, in ranges", async () => {
  const head = await get("/org/tiny/resolve/main/sub/a%20b.gguf", {}, "HEAD");
  expect(head.status).toBe(302);
  expect(head.headers.get("x-repo-commit")).toBe(commit);
  expect(head.headers.get("x-linked-size")).toBe(String(weights.length));
  expect(head.headers.get("x-linked-etag")).toBe(`"${createHash("sha256").update(weights).digest("hex")}"`);
  const location = head.headers.get("location") ?? "";
  expect(new URL(location).origin).toBe(mirror.cdnUrl);
  expect(Buffer.from(await (await get(location)).arrayBuffer()).equals(weights)).toBe(true);
  const part = await get(location, { range: "bytes=100-199" });
  expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 100-199/${weights.length}`]);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(weights.subarray(100, 200));
  expect((await get(location, { range: `bytes=${weights.length}-` })).status).toBe(416);
  mirror.faults.expireSigned = 1;
  expect((await get(location)).status).toBe(403);
  expect((await get(location)).status).toBe(200);
});

test("refusals and redirects are those of the hub", async () => {
  const refusal = async (path: string, token?: string) => {
    const { status, headers } = await get(path, token === undefined ? {} : { authorization: `Bearer ${token}` });
    return [status, headers.get("x-error-code") ?? headers.get("x-error-message") ?? headers.get("location")];
  };
  expect(await refusal("/org/none/resolve/main/a")).toEqual([401, "RepoNotFound"]);
  expect(await refusal("/org/private/resolve/main/a.gguf")).toEqual([401, "RepoNotFound"]);
  expect(await refusal("/org/tiny/resolve/main/none")).toEqual([404, "EntryNotFound"]);
  expect(await refusal("/org/tiny/resolve/v2/README.md")).toEqual([404, "RevisionNotFound"]);
  expect(await refusal("/org/gated/resolve/main/a.gguf")).toEqual([401, "GatedRepo"]);
  expect(await refusal("/org/gated/resolve/main/a.gguf", "hf_owner")).toEqual([403, "GatedRepo"]);
  expect(await refusal("/org/gated/resolve/main/a.gguf", "hf_wrong")).toEqual([
    401,
    "Invalid credentials in Authorization header",
  ]);
  expect((await refusal("/org/gated/resolve/main/a.gguf", "hf_accepted"))[0]).toBe(302);
  expect(await refusal("/org/old/resolve/main/README.md")).toEqual([307, "/org/tiny/resolve/main/README.md"]);
  expect(await refusal("/api/models/org/old/tree/main?recursive=true")).toEqual([
    307,
    "/api/models/org/tiny/tree/main?recursive=true",
  ]);
});

test("the description and the branches name the commit", async () => {
  const described = await (await get("/api/models/org/tiny/revision/main")).json();
  expect(described).toMatchObject({ id: "org/tiny", sha: commit, gated: false, cardData: { license: "mit" } });
  const refs = await (await get("/api/models/org/tiny/refs")).json();
  expect(refs).toMatchObject({ branches: [{ name: "main", targetCommit: commit }] });
});

test("faults change the answers while it runs", async () => {
  const { faults } = mirror;
  const file = "/org/tiny/resolve/main/README.md";
  faults.rateLimit = { times: 1, seconds: 5 };
  faults.serverError = { times: 1 };
  expect((await get(file)).headers.get("ratelimit")).toBe('"api";r=0;t=5');
  expect((await get(file)).status).toBe(503);
  faults.ignoreRange = true;
  expect((await get(file, { range: "bytes=2-" })).status).toBe(200);
  faults.wrongByte = { position: 3, times: 1 };
  expect(await (await get(file)).text()).not.toBe(readme);
  expect(await (await get(file)).text()).toBe(readme);
  faults.truncate = { afterBytes: 4, times: 1 };
  const truncated = await get(file);
  await expect(truncated.text()).rejects.toThrow();
  faults.html = true;
  expect(await (await get(file)).text()).toContain("<html>");
  expect(mirror.requests.map((request) => request.sentBytes)).toEqual([0, 0, 10, 10, 10, 4, 98]);
});

test("the second server has all files under plain addresses", async () => {
  mirror.faults.hideLength = true;
  const plain = await get(`${mirror.cdnUrl}/plain/org/tiny/sub/a%20b.gguf`);
  expect(plain.headers.get("content-length")).toBeNull();
  expect(Buffer.from(await plain.arrayBuffer()).equals(weights)).toBe(true);
});
