import { describe, expect, test } from "vitest";
import { findLibraryIssue } from "../../../../src/engines/llama/native-library/find-library-issue.js";
import { libraryIssueError } from "../../../../src/engines/llama/native-library/library-issue-error.js";
import { compareLibraryVersions, newestOf } from "../../../../src/engines/llama/native-library/library-version.js";
import {
  cLibraryOf,
  type NativeSystem,
  readNativeSystem,
} from "../../../../src/engines/llama/native-library/native-system.js";
import { readElf } from "../../../../src/engines/llama/native-library/read-elf.js";
import type { NativeFile } from "../../../../src/engines/llama/native-library/read-native-files.js";
import { buildElf, type ElfParts } from "./build-elf.js";
import { alpine, debian11, debian12, oldCppLibrary } from "./recorded-systems.js";

function nativeFile(name: string, parts: ElfParts = {}): NativeFile {
  const bytes = buildElf(parts);
  const read = (offset: number, target: Uint8Array) => {
    const piece = bytes.subarray(offset, offset + target.length);
    target.set(piece);
    return piece.length;
  };
  return { name, reading: readElf({ length: bytes.length, read }) };
}

/** Files with the same requirements as llama.cpp's. */
function llamaFiles(changes: ElfParts = {}): NativeFile[] {
  return [
    nativeFile("libggml-base.so", { neededVersions: { "libc.so.6": ["GLIBC_2.29"] }, ...changes }),
    nativeFile("libggml-cpu-x64.so", { neededVersions: { "libc.so.6": ["GLIBC_2.34"] }, ...changes }),
    nativeFile("libllama.v0.5.0.so", {
      neededLibraries: ["libggml-base.so", "libc.so.6"],
      neededVersions: { "libstdc++.so.6": ["GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "CXXABI_1.3.13"] },
      ...changes,
    }),
    nativeFile("llama-addon.node", { neededLibraries: ["libllama.v0.5.0.so", "libstdc++.so.6"], ...changes }),
  ];
}

const without = (name: string) => llamaFiles().filter((file) => file.name !== name);
const damaged = (reason: string): NativeFile[] => [
  ...without("libllama.v0.5.0.so"),
  { name: "libllama.v0.5.0.so", reading: { status: "damaged", reason } },
];

describe("the requirement that a system lacks for llama.cpp", () => {
  test("is nothing on Debian 12", () => {
    expect(findLibraryIssue(llamaFiles(), debian12)).toBeNull();
  });

  test.each<[string, NativeFile[], NativeSystem, message: string, reason: string | null, hint: RegExp]>([
    [
      "Debian 11",
      llamaFiles(),
      debian11,
      "llama.cpp in PACKAGE needs glibc 2.34 or newer, but this system has 2.31.",
      "libggml-cpu-x64.so needs GLIBC_2.34 of /lib/x86_64-linux-gnu/libc.so.6. The newest version that glibc 2.31 defines is GLIBC_2.30.",
      /^Use a newer system: Debian 12, .* or newer\. Or use a server to run the model: /,
    ],
    [
      "a system that does not report its glibc version",
      llamaFiles(),
      { ...debian11, glibcVersion: null },
      "llama.cpp in PACKAGE needs glibc 2.34 or newer, but this system has 2.30.",
      "libggml-cpu-x64.so needs GLIBC_2.34 of /lib/x86_64-linux-gnu/libc.so.6. The newest version that it defines is GLIBC_2.30.",
      /newer system/,
    ],
    [
      "an old C++ library",
      llamaFiles(),
      oldCppLibrary,
      "llama.cpp in PACKAGE needs GLIBCXX_3.4.30 of the C++ library (libstdc++), but this system has GLIBCXX_3.4.28.",
      "libllama.v0.5.0.so needs GLIBCXX_3.4.30 of /usr/lib/x86_64-linux-gnu/libstdc++.so.6. The newest version that it defines is GLIBCXX_3.4.28.",
      /newer system/,
    ],
    [
      "Alpine",
      llamaFiles(),
      alpine,
      "llama.cpp in PACKAGE is built for glibc, but this system's C library is musl.",
      "The loader of this Node is /lib/ld-musl-x86_64.so.1.",
      /^Use a system with glibc: Debian 12, .* Or use a server to run the model: /,
    ],
    [
      "Alpine, with a damaged file that reinstalling would not fix",
      damaged("is not an ELF file"),
      alpine,
      "llama.cpp in PACKAGE is built for glibc, but this system's C library is musl.",
      "The loader of this Node is /lib/ld-musl-x86_64.so.1.",
      /glibc/,
    ],
    [
      "x86-64 with ARM files in its package",
      llamaFiles({ machine: 183 }),
      debian12,
      "llama.cpp in PACKAGE is built for AArch64 (64-bit ARM), but this Node is built for x86-64.",
      "Read from the ELF header of libggml-base.so.",
      /^Reinstall it: npm uninstall PACKAGE && npm install PACKAGE$/,
    ],
    [
      "x86-64 with big-endian files of an unknown processor",
      llamaFiles({ machine: 9999, byteOrder: "big", bits: 32 }),
      debian12,
      "llama.cpp in PACKAGE is built for an unknown 32-bit big-endian processor (ELF machine 9999), but this Node is built for x86-64.",
      "Read from the ELF header of libggml-base.so.",
      /^Reinstall it: /,
    ],
    [
      "a version that the library does not define",
      llamaFiles({ neededVersions: { "libgcc_s.so.1": ["LLAMA_ABI"] } }),
      debian12,
      "llama.cpp in PACKAGE needs LLAMA_ABI of libgcc_s.so.1, but this system has no such version.",
      "libggml-base.so needs LLAMA_ABI of /lib/x86_64-linux-gnu/libgcc_s.so.1. That library does not define it.",
      /newer system/,
    ],
    [
      "a truncated file",
      damaged("is truncated: it has 100 bytes, but its headers require at least 4620496"),
      debian12,
      "llama.cpp in PACKAGE is damaged: libllama.v0.5.0.so is truncated: it has 100 bytes, but its headers require at least 4620496.",
      null,
      /^Reinstall it: npm uninstall PACKAGE && npm install PACKAGE$/,
    ],
    [
      "no add-on",
      without("llama-addon.node"),
      debian12,
      "llama.cpp in PACKAGE is damaged: llama-addon.node is missing.",
      null,
      /Reinstall/,
    ],
    [
      "no file for any processor",
      without("libggml-cpu-x64.so"),
      debian12,
      "llama.cpp in PACKAGE is damaged: libggml-cpu*.so is missing.",
      null,
      /Reinstall/,
    ],
    [
      "a missing library of its own",
      without("libggml-base.so"),
      debian12,
      "llama.cpp in PACKAGE is damaged: libggml-base.so is missing.",
      null,
      /Reinstall/,
    ],
    [
      "an empty folder",
      [],
      debian12,
      "llama.cpp in PACKAGE is damaged: llama-addon.node is missing.",
      null,
      /Reinstall/,
    ],
  ])("%s", (_, files, system, message, reason, hint) => {
    const issue = findLibraryIssue(files, system) ?? expect.fail("no issue");
    const error = libraryIssueError(issue, {
      name: "PACKAGE",
      reinstall: "npm uninstall PACKAGE && npm install PACKAGE",
    });
    expect(error).toMatchObject({ code: "engine-unavailable", message, reason, hint: expect.stringMatching(hint) });
    if (!hint.source.includes("Reinstall")) expect(error.hint).not.toContain("npm");
  });

  test.each(["has 0 bytes, too few for an ELF header", "is not an ELF file"])(
    "finds no issue if one of several variants %s, because llama.cpp uses another",
    (reason) => {
      const broken: NativeFile = { name: "libggml-cpu-haswell.so", reading: { status: "damaged", reason } };
      expect(findLibraryIssue([broken, ...llamaFiles()], debian12)).toBeNull();
      const alone = findLibraryIssue([broken, ...without("libggml-cpu-x64.so")], debian12);
      expect(alone).toMatchObject({ kind: "damaged-file", file: broken.name });
    },
  );

  test("is a truncated variant, because loading it would crash the process", () => {
    const reading = {
      status: "damaged" as const,
      reason: "is truncated: it has 100 bytes, but its headers require at least 200",
    };
    const broken: NativeFile = { name: "libggml-cpu-haswell.so", reading };
    expect(findLibraryIssue([broken, ...llamaFiles()], debian12)).toMatchObject({ file: broken.name });
  });

  test("is unknown if the system's libraries were not found", () => {
    const unknown: NativeSystem = { node: null, cLibrary: null, loader: null, glibcVersion: null, libraries: {} };
    expect(findLibraryIssue(llamaFiles(), unknown)).toBeNull();
  });

  test("is explained by the loader's message if there is one", () => {
    const issue = findLibraryIssue(llamaFiles(), debian11) ?? expect.fail("no issue");
    const cause = new Error("libc.so.6: version `GLIBC_2.34' not found");
    expect(
      libraryIssueError(issue, { name: "PACKAGE", reinstall: "" }, { reason: cause.message, cause }),
    ).toMatchObject({ reason: cause.message, cause, message: expect.stringContaining("needs glibc 2.34") });
  });
});

test.each([
  ["/lib64/ld-linux-x86-64.so.2", "glibc"],
  ["/lib/ld-linux-aarch64.so.1", "glibc"],
  ["/lib/ld-linux-armhf.so.3", "glibc"],
  ["/lib/ld-musl-x86_64.so.1", "musl"],
  ["/lib/ld-musl-armhf.so.1", "musl"],
  ["/system/bin/linker64", null],
  [null, null],
])("the C library of the loader %s is %s", (loader, cLibrary) => {
  expect(cLibraryOf(loader)).toBe(cLibrary);
});

test("versions are ordered by their numbers", () => {
  const versions = ["GLIBC_2.4", "GLIBC_2.34", "GLIBC_2.9", "GLIBC_PRIVATE", "GLIBCXX_3.4.30", "GLIBC_2.2.5"];
  expect(newestOf("GLIBC_9", versions)).toBe("GLIBC_2.34");
  expect(newestOf("GCC_3.0", versions)).toBeNull();
  expect(compareLibraryVersions("GLIBCXX_3.4.9", "GLIBCXX_3.4.30")).toBeLessThan(0);
  expect(compareLibraryVersions("GLIBCXX_3.4", "GLIBCXX_3.4.1")).toBeLessThan(0);
  expect(compareLibraryVersions("GCC_3.0", "GCC_3.0")).toBe(0);
});

test.skipIf(process.platform !== "linux")(
  "this system's properties are read without changing Node's report settings",
  () => {
    const report = process.report as typeof process.report & { excludeNetwork?: boolean };
    const before = report.excludeNetwork;
    const system = readNativeSystem();
    expect(report.excludeNetwork).toBe(before);
    expect(system.node?.bits).toBe(["arm", "ia32", "mips", "mipsel", "ppc"].includes(process.arch) ? 32 : 64);
    if (system.cLibrary === "glibc") {
      expect(system.glibcVersion).toMatch(/^2\.\d+$/);
      expect(system.libraries["libc.so.6"]?.definedVersions).toContain("GLIBC_PRIVATE");
    }
  },
);
