import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { EngineError } from "../../../src/engines/engine-error.js";
import { checkLlamaAddon, explainMissingAddon } from "../../../src/engines/llama/check-llama-addon.js";
import { addonPackage, findLlamaAddon } from "../../../src/engines/llama/find-llama-addon.js";
import { LLAMA_REQUIREMENTS } from "../../../src/engines/llama/llama-requirements.js";
import {
  compareLibraryVersions,
  parseLibraryVersion,
} from "../../../src/engines/llama/native-library/library-version.js";
import { readNativeFiles } from "../../../src/engines/llama/native-library/read-native-files.js";
import { alpine, armhf, debian11, debian12, oldCppLibrary } from "./native-library/recorded-systems.js";
import { hasAddon } from "./tiny-model.js";

const isLinuxX64 = process.platform === "linux" && process.arch === "x64";
const scope = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../../../../node_modules/@node-llama-cpp");
const installed = (await readdir(scope).catch(() => [])).filter((name) => name.startsWith("linux-"));

describe.skipIf(!hasAddon || !isLinuxX64)("llama.cpp's real files (needs its package for linux-x64)", () => {
  test("can be loaded here, and on the recorded Debian 12", async () => {
    const folder = await findLlamaAddon();
    expect(await checkLlamaAddon()).toBe(folder);
    expect(await checkLlamaAddon({ system: debian12 })).toBe(folder);
  });

  test.each([
    ["Debian 11", debian11, "needs glibc 2.34 or newer, but this system has 2.31."],
    ["an old C++ library", oldCppLibrary, "needs GLIBCXX_3.4.30 of the C++ library (libstdc++), but this system has"],
    ["Alpine", alpine, "is built for glibc, but this system's C library is musl."],
  ])("cannot be loaded on %s", async (_, system, words) => {
    await expect(checkLlamaAddon({ system })).rejects.toMatchObject({
      code: "engine-unavailable",
      message: expect.stringContaining(`llama.cpp in @node-llama-cpp/linux-x64 ${words}`),
      hint: expect.stringContaining("openai-compatible"),
    });
  });

  test("must be reinstalled if they are for another machine than their package", async () => {
    await expect(checkLlamaAddon({ system: { ...debian12, node: armhf.node } })).rejects.toMatchObject({
      code: "engine-unavailable",
      message: "llama.cpp in @node-llama-cpp/linux-x64 is built for x86-64, but this Node is built for 32-bit ARM.",
      hint: expect.stringMatching(/^Reinstall it: npm uninstall \S+ && npm install \S+$/),
    });
    const onAlpine = { ...alpine, node: armhf.node };
    await expect(checkLlamaAddon({ system: onAlpine })).rejects.toMatchObject({
      message: expect.stringContaining("this system's C library is musl"),
      hint: expect.not.stringContaining("npm"),
    });
  });
});

test.each(installed)("the listed requirements match the files of %s", async (name) => {
  const files = await readNativeFiles(path.join(scope, name, "bins", name));
  const newest = new Map<string, { library: string; version: string }>();
  for (const { reading } of files) {
    for (const needed of reading.status === "read" ? reading.elf.neededVersions : []) {
      // The loader belongs to the C library, and every GCC of the last decades has these runtime versions.
      if (needed.library.startsWith("ld-linux") || /^GCC_3\.[0-4]$/.test(needed.version)) continue;
      const key = `${needed.library} ${parseLibraryVersion(needed.version).name}`;
      const known = newest.get(key);
      if (known === undefined || compareLibraryVersions(known.version, needed.version) < 0) newest.set(key, needed);
    }
  }
  expect(new Set(newest.values())).toEqual(new Set(LLAMA_REQUIREMENTS));
});

describe.skipIf(!isLinuxX64)("a package that is not installed", () => {
  const missing = new EngineError({ code: "engine-unavailable", message: "not installed", hint: "Run: npm install" });

  test("is recommended if it can be loaded", () => {
    expect(explainMissingAddon(missing, debian12)).toBe(missing);
    expect(explainMissingAddon(missing, null)).toBe(missing);
  });

  test.each([
    ["Debian 11", debian11, "glibc 2.34", "@node-llama-cpp/linux-x64 needs GLIBC_2.34"],
    ["an old C++ library", oldCppLibrary, "GLIBCXX_3.4.30", "@node-llama-cpp/linux-x64 needs GLIBCXX_3.4.30"],
    ["Alpine", alpine, "musl", "The loader of this Node is"],
  ])("is not recommended on %s, which cannot load it", (_, system, words, reason) => {
    const error = explainMissingAddon(missing, system);
    expect(error).toMatchObject({
      code: "engine-unavailable",
      message: expect.stringContaining(words),
      reason: expect.stringContaining(reason),
      hint: expect.not.stringContaining("npm"),
    });
  });
});

describe("a platform without a package", () => {
  test.each([
    [
      "linux",
      "arm",
      "armv7l",
      "No prebuilt llama.cpp exists for 32-bit ARM.",
      null,
      /^Use a server to run the model: /,
    ],
    [
      "linux",
      "arm",
      "aarch64",
      "No prebuilt llama.cpp exists for 32-bit ARM.",
      "This Node is 32-bit, but the processor and kernel are 64-bit.",
      /^Install a 64-bit system with a 64-bit Node on this machine, .*\. Or use a server to run the model: /,
    ],
    [
      "linux",
      "arm",
      "armv8l",
      "No prebuilt llama.cpp exists for 32-bit ARM.",
      "This Node is 32-bit, but the processor and kernel are 64-bit.",
      /^Install a 64-bit system with a 64-bit Node on this machine, /,
    ],
    ["linux", "riscv64", "riscv64", "No prebuilt llama.cpp exists for linux-riscv64.", null, /^Use a server/],
  ])(
    "%s-%s with the kernel's %s gets a hint about what works there",
    (platform, arch, kernel, message, reason, hint) => {
      let thrown: unknown;
      try {
        addonPackage(platform, arch, kernel);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: "engine-unavailable", message, reason, hint: expect.stringMatching(hint) });
      expect((thrown as EngineError).hint).toContain("MCP servers and sessions work here without a local model.");
      expect((thrown as EngineError).hint).not.toContain("npm");
    },
  );
});
