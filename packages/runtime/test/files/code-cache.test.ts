import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { codeCacheFolder } from "../../src/files/code-cache.js";
import { temporaryFolder } from "../temporary-folder.js";

const isPosix = process.platform !== "win32";
const isRoot = process.geteuid?.() === 0;

async function caches(): Promise<string> {
  return temporaryFolder();
}

describe("the folder of compiled code", () => {
  test("is created in the user's cache folder, for this user only, and found again", async () => {
    const folder = await caches();
    const made = codeCacheFolder({ XDG_CACHE_HOME: folder }, true) ?? expect.fail("none");
    expect(path.relative(folder, made)).toMatch(/^nanoagent.code-\d+\.\d+\.\d+/);
    if (isPosix) expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(codeCacheFolder({ XDG_CACHE_HOME: folder }, true)).toBe(made);
  });

  test.skipIf(!isPosix)("is below the home folder if the variable is unset or relative", async () => {
    const home = await caches();
    for (const XDG_CACHE_HOME of [undefined, "", "relative/folder"]) {
      const made = codeCacheFolder({ HOME: home, XDG_CACHE_HOME }, true) ?? expect.fail("none");
      expect(made.startsWith(`${home}${path.sep}`)).toBe(true);
    }
    expect(existsSync("relative")).toBe(false);
  });

  test("replaces those of other versions, and nothing else", async () => {
    const folder = await caches();
    const own = path.join(folder, "nanoagent");
    for (const name of ["code-0.0.1/v22", "code-99.0.0", "other"]) mkdirSync(path.join(own, name), { recursive: true });
    writeFileSync(path.join(own, "code-0.0.1/v22/file"), "");
    const made = codeCacheFolder({ XDG_CACHE_HOME: folder }, true) ?? expect.fail("none");
    expect(readdirSync(own).sort()).toEqual([path.basename(made), "other"].sort());
    mkdirSync(path.join(own, "code-100.0.0"));
    codeCacheFolder({ XDG_CACHE_HOME: folder }, true);
    expect(existsSync(path.join(own, "code-100.0.0"))).toBe(true);
  });

  const unusable: readonly [string, (folder: string) => string | Promise<string>][] = [
    [
      "a file",
      (folder) => {
        writeFileSync(path.join(folder, "file"), "");
        return path.join(folder, "file");
      },
    ],
    ["a missing folder in a missing folder", (folder) => path.join(folder, "no/no")],
    ["a place where the system cannot create folders", () => "/proc/nanoagent"],
    [
      "a folder that others can write to",
      (folder) => {
        const made = codeCacheFolder({ XDG_CACHE_HOME: folder }, true) ?? expect.fail("none");
        chmodSync(made, 0o777);
        return folder;
      },
    ],
    [
      "a link with its name",
      (folder) => {
        const made = codeCacheFolder({ XDG_CACHE_HOME: folder }, true) ?? expect.fail("none");
        mkdirSync(path.join(folder, "elsewhere"));
        mkdirSync(path.join(folder, "linked/nanoagent"), { recursive: true });
        symlinkSync(path.join(folder, "elsewhere"), path.join(folder, "linked/nanoagent", path.basename(made)));
        return path.join(folder, "linked");
      },
    ],
  ];
  test.skipIf(!isPosix).each(unusable)("is not created in %s", async (_, prepare) => {
    const folder = await prepare(await caches());
    expect(codeCacheFolder({ XDG_CACHE_HOME: folder }, true)).toBeNull();
  });

  test.skipIf(!isPosix || isRoot)("is not created on a read-only disk", async () => {
    const folder = await caches();
    chmodSync(folder, 0o500);
    expect(codeCacheFolder({ XDG_CACHE_HOME: folder }, true)).toBeNull();
  });

  test.each([
    [{ NODE_DISABLE_COMPILE_CACHE: "1" }, true],
    [{ NODE_COMPILE_CACHE: "/somewhere" }, true],
    [{}, false],
  ])("is not used with %j if Node caches code: %s", async (environment, isKept) => {
    const folder = await caches();
    expect(codeCacheFolder({ XDG_CACHE_HOME: folder, ...environment }, isKept)).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });
});
