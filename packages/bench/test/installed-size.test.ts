import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { installedSize } from "../src/installed-size.mjs";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "nanoagent-bench-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it("counts the files of the packages, without npm's own files", () => {
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };
  const packages = {
    "node_modules/@nanoagent/models": {},
    "node_modules/xsai": {},
    "node_modules/xsai/node_modules/x": {},
  };
  write("package.json", "{}");
  write("node_modules/.package-lock.json", JSON.stringify({ packages }));
  write("node_modules/.bin/xsai", "#!/bin/sh");
  write("node_modules/@nanoagent/models/dist/index.js", "12345");
  write("node_modules/xsai/index.js", "123");
  write("node_modules/xsai/node_modules/x/.hidden.js", "12");
  const { bytes, diskBytes, packages: count } = installedSize(folder);
  expect({ bytes, count }).toEqual({ bytes: 10, count: 3 });
  expect(diskBytes % 512).toBe(0);
});
