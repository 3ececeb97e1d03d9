import { mkdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { fileError } from "../../src/download/file-errors.js";
import { storeUnusable } from "../../src/files/store-unusable.js";
import { temporaryFolder } from "../store/store-fixture.js";

const failure = (code: string) => Object.assign(new Error(code), { code });

test("the advice names the folder of the file, or the nearest parent that exists", () => {
  const home = temporaryFolder();
  const file = path.join(home, "cache", "models--org--x", "blobs", "a");
  const advice = () => storeUnusable("It failed.", file, failure("EACCES")).hint;
  const rest = "writable, or set HF_HUB_CACHE and XDG_DATA_HOME to folders that are.";
  expect(advice()).toBe(`Make ${home} ${rest}`);
  mkdirSync(path.dirname(file), { recursive: true });
  expect(advice()).toBe(`Make ${path.dirname(file)} ${rest}`);
  const missing = path.join(path.parse(home).root, "no-such-folder", "blobs", "a");
  expect(storeUnusable("It failed.", missing, failure("EACCES")).hint).toBe(
    "Set HF_HUB_CACHE and XDG_DATA_HOME to folders that this user can write to.",
  );
});

test("a full disk is reported with the name of the repository, not with that of the blob", () => {
  const blob = path.join(path.sep, "cache", "models--org--tiny-GGUF", "blobs", "a".repeat(64));
  expect(fileError(failure("ENOSPC"), blob, 5).message).toMatch(/^The download of org\/tiny-GGUF stopped: /);
  const own = path.join(path.sep, "models", "files", "x.gguf");
  expect(fileError(failure("ENOSPC"), own, 5).message).toMatch(/^The download of x\.gguf stopped: /);
});
