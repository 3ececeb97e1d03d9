import fc from "fast-check";
import { expect, test } from "vitest";
import { isSafePath } from "../../src/names/name-rules.js";
import { readHubDescription } from "../../src/sources/hub-description.js";
import { readOllamaManifest } from "../../src/sources/ollama-manifest.js";
import { readTreeRows } from "../../src/sources/tree-rows.js";

const base = "https://hub.example/org/repo/resolve/main/";
const pieces = ["a", "..", ".", "/", "\\", "%2e", "?", "#", " ", "\u0000", "\ud800", "é", "C:", ".gguf"];
const path = fc.oneof(
  fc.constantFrom("a.gguf", "sub/b c.gguf", "%2e%2e/c#d?.gguf"),
  fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join("")),
);
const hash = fc.constantFrom("a".repeat(64), "A".repeat(64), `sha256:${"b".repeat(64)}`, "b".repeat(40), "c", 7, null);
const size = fc.constantFrom(0, 5, 6, 7, 2 ** 50, -1, 1.5, 2 ** 60, Number.NaN, "5", null);
const row = fc.oneof(
  fc.jsonValue(),
  fc.record(
    { type: fc.constantFrom("file", "directory"), path, size, oid: hash, lfs: fc.record({ oid: hash, size }) },
    { requiredKeys: ["path"] },
  ),
);

test("rows of a listing become safe files or are counted", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      const { files, droppedRows } = readTreeRows(rows, base);
      const directories = rows.filter((one) => (one as { type?: unknown } | null)?.type === "directory");
      expect(files.length + droppedRows + directories.length).toBe(rows.length);
      taken += files.length;
      for (const { path: safe, bytes, sha256, gitSha1, url } of files) {
        expect(isSafePath(safe)).toBe(true);
        expect(Number.isSafeInteger(bytes) && (bytes as number) >= 0).toBe(true);
        expect(sha256 ?? "a".repeat(64)).toMatch(/^[0-9a-f]{64}$/);
        expect(gitSha1 ?? "a".repeat(40)).toMatch(/^[0-9a-f]{40}$/);
        // The address does not lead out of the folder, and has no query.
        const { href, search, hash: fragment } = new URL(url);
        expect([href.startsWith(base), search, fragment]).toEqual([true, "", ""]);
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
  expect(taken).toBeGreaterThan(50);
});

test("manifests and descriptions of any form are read or refused", () => {
  const digest = fc.constantFrom(`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`, "sha256:../x", 5);
  const layer = fc.oneof(
    fc.jsonValue(),
    fc.record({ mediaType: fc.constant("application/vnd.ollama.image.model"), digest, size }),
  );
  let taken = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.record({ config: layer, layers: fc.array(layer, { maxLength: 3 }) })),
      (value) => {
        const manifest = readOllamaManifest(value);
        if (manifest !== null) taken += manifest.layers.length;
        for (const { sha256, bytes } of manifest?.layers ?? []) {
          expect(sha256).toMatch(/^[0-9a-f]{64}$/);
          expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
        }
        expect(readHubDescription(value)).toEqual({ repository: null, commit: null, license: null, isGated: false });
      },
    ),
    { numRuns: 2000, seed: 1 },
  );
  expect(taken).toBeGreaterThan(10);
});
