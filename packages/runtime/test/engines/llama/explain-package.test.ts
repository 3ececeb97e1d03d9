import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { explainPackage } from "../../../src/engines/llama/explain-package.js";
import { temporaryFolder } from "../../temporary-folder.js";

const installed = { name: "@node-llama-cpp/linux-x64", reinstall: "npm uninstall it && npm install it" };
const notFound = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });

let place: string;
let scope: string;
let program: string;
beforeEach(async () => {
  place = await temporaryFolder();
  scope = path.join(place, "node_modules/@node-llama-cpp");
  program = path.join(place, "node_modules/@nanoagent/runtime/dist/llama.js");
});

async function makePackage(folder = path.join(scope, "linux-x64")): Promise<string> {
  await mkdir(path.join(folder, "dist"), { recursive: true });
  await writeFile(path.join(folder, "package.json"), "{}");
  await writeFile(path.join(folder, "dist/index.js"), "");
  return folder;
}

const explain = (cause: unknown) => explainPackage(installed, program, cause);

test("a missing folder is not an error of the package: it is not installed", async () => {
  expect(await explain(notFound)).toBeNull();
  await mkdir(scope, { recursive: true });
  expect(await explain(notFound)).toBeNull();
});

describe("a package whose entry cannot be loaded", () => {
  test.each([
    ["an empty entry", new TypeError("getBinsDir is not a function")],
    [
      "a broken package.json",
      Object.assign(new Error("Invalid package config"), { code: "ERR_INVALID_PACKAGE_CONFIG" }),
    ],
    ["no entry", notFound],
  ])("is damaged: %s", async (_, cause) => {
    await makePackage();
    const error = await explain(cause);
    expect(error).toMatchObject({
      code: "engine-unavailable",
      message: "llama.cpp in @node-llama-cpp/linux-x64 is damaged: its entry cannot be loaded.",
      reason: cause.message,
      hint: "Reinstall it: npm uninstall it && npm install it",
    });
    expect(error?.cause).toBe(cause);
  });

  test("is found in a parent folder and through a package manager's link", async () => {
    const store = await makePackage(path.join(place, "store/linux-x64"));
    await mkdir(scope, { recursive: true });
    await symlink(store, path.join(scope, "linux-x64"));
    expect((await explain(notFound))?.message).toContain("is damaged");
  });
});

/** Root can read everything, so such tests temporarily run as another user. */
const isRoot = process.geteuid?.() === 0;

describe.skipIf(process.platform === "win32")("an unreadable package", () => {
  const closed: string[] = [];
  beforeEach(async () => {
    if (isRoot) await chmod(place, 0o755);
  });
  afterEach(async () => {
    process.seteuid?.(isRoot ? 0 : (process.geteuid?.() ?? 0));
    for (const file of closed.splice(0)) await chmod(file, 0o755);
    await rm(place, { recursive: true });
  });

  async function close(file: string): Promise<void> {
    await chmod(file, 0);
    closed.push(file);
    if (isRoot) process.seteuid?.(65534);
  }

  test.each(["", "package.json", "dist", "dist/index.js"])(
    "is reported with the path: %j of the package",
    async (name) => {
      const folder = await makePackage();
      const file = path.join(folder, name);
      await close(file);
      expect(await explain(notFound)).toMatchObject({
        code: "engine-unavailable",
        message: `llama.cpp in @node-llama-cpp/linux-x64 cannot be loaded: this user cannot read ${file}.`,
        reason: null,
        hint: `Run this program as the user who installed the package, or as that user run: chmod -R a+rX ${folder}`,
      });
    },
  );

  test("is reported with the folder that hides whether it is installed", async () => {
    await makePackage();
    await close(scope);
    expect(await explain(notFound)).toMatchObject({
      message: `llama.cpp in @node-llama-cpp/linux-x64 cannot be loaded: this user cannot read ${scope}.`,
      hint: expect.stringMatching(/chmod -R a\+rX \S+\/node_modules\/@node-llama-cpp$/),
    });
  });

  test("is reported with a path quoted for the shell", async () => {
    const folder = path.join(place, "it's here");
    program = path.join(folder, "program.js");
    await close(await makePackage(path.join(folder, "node_modules/@node-llama-cpp/linux-x64")));
    expect((await explain(notFound))?.hint).toContain("chmod -R a+rX '/");
    expect((await explain(notFound))?.hint).toContain("/it'\\''s here/node_modules/");
  });
});
