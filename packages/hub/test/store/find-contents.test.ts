import { utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { findContents } from "../../src/store/find-contents.js";
import { resolveModel } from "../../src/store/resolve-model.js";
import { COMMIT, cacheFile, OTHER_COMMIT, sha256, temporaryStore, weights, write } from "./store-fixture.js";

const contents = (bytes: Uint8Array) => ({ bytes: bytes.length, sha256: sha256(bytes) });

describe("findContents", () => {
  test("finds an older commit by its hash, which the name no longer leads to", async () => {
    const store = temporaryStore();
    const [old, young] = [weights("old"), weights("new")];
    const { snapshot } = cacheFile(store, { bytes: old, commit: OTHER_COMMIT, reference: null });
    cacheFile(store, { bytes: young, commit: COMMIT });
    expect((await resolveModel("org/tiny-GGUF:Q4_K_M", store)).sha256).toBe(sha256(young));
    expect(await findContents(contents(old), store)).toMatchObject({ path: snapshot, sha256: sha256(old) });
  });

  test("finds a file under another name, and hashes it once", async () => {
    const store = temporaryStore();
    const bytes = weights("imported");
    const file = write(path.join(store.modelsFolder, "files", "other.gguf"), bytes);
    write(path.join(store.modelsFolder, "files", "longer.gguf"), weights("longer", 4_000));
    const hashed: string[] = [];
    const onHash = ({ name }: { name: string }) => hashed.push(name);
    expect(await findContents(contents(bytes), store, { onHash })).toMatchObject({ name: "other", path: file });
    expect(new Set(hashed)).toEqual(new Set(["other"]));
    hashed.length = 0;
    expect(await findContents(contents(bytes), store, { onHash })).toMatchObject({ name: "other" });
    expect(await findContents(contents(weights("none")), store, { onHash })).toBeNull();
    expect(hashed).toEqual([]);
  });

  test("does not take a damaged file, nor one of another size", async () => {
    const store = temporaryStore();
    const bytes = weights("damaged");
    const { blob } = cacheFile(store, { bytes });
    expect(await findContents({ ...contents(bytes), bytes: 5 }, store)).toBeNull();
    writeFileSync(blob, weights("changed"));
    utimesSync(blob, 1, 1);
    expect(await findContents(contents(bytes), store)).toBeNull();
  });
});
