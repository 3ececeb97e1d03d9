import type { NativeSystem } from "../../../../src/engines/llama/native-library/native-system.js";

const listed = (text: string) => text.trim().split(/\s+/);

const x64 = { bits: 64, byteOrder: "little", machine: 62 } as const;

/** Recorded on Debian 12 (x64, Node 20.20.2). */
export const debian12: NativeSystem = {
  node: x64,
  cLibrary: "glibc",
  loader: "/lib64/ld-linux-x86-64.so.2",
  glibcVersion: "2.36",
  libraries: {
    "libc.so.6": {
      path: "/lib/x86_64-linux-gnu/libc.so.6",
      definedVersions: listed(`
      GLIBC_2.2.5 GLIBC_2.2.6 GLIBC_2.3 GLIBC_2.3.2 GLIBC_2.3.3 GLIBC_2.3.4 GLIBC_2.4 GLIBC_2.5 GLIBC_2.6
      GLIBC_2.7 GLIBC_2.8 GLIBC_2.9 GLIBC_2.10 GLIBC_2.11 GLIBC_2.12 GLIBC_2.13 GLIBC_2.14 GLIBC_2.15
      GLIBC_2.16 GLIBC_2.17 GLIBC_2.18 GLIBC_2.22 GLIBC_2.23 GLIBC_2.24 GLIBC_2.25 GLIBC_2.26 GLIBC_2.27
      GLIBC_2.28 GLIBC_2.29 GLIBC_2.30 GLIBC_2.31 GLIBC_2.32 GLIBC_2.33 GLIBC_2.34 GLIBC_2.35 GLIBC_2.36
      GLIBC_ABI_DT_RELR GLIBC_PRIVATE`),
    },
    "libm.so.6": {
      path: "/lib/x86_64-linux-gnu/libm.so.6",
      definedVersions: listed(`
      GLIBC_2.2.5 GLIBC_2.4 GLIBC_2.15 GLIBC_2.18 GLIBC_2.23 GLIBC_2.24 GLIBC_2.25 GLIBC_2.26 GLIBC_2.27
      GLIBC_2.28 GLIBC_2.29 GLIBC_2.31 GLIBC_2.32 GLIBC_2.35`),
    },
    "libstdc++.so.6": {
      path: "/lib/x86_64-linux-gnu/libstdc++.so.6",
      definedVersions: listed(`
      GLIBCXX_3.4 GLIBCXX_3.4.1 GLIBCXX_3.4.2 GLIBCXX_3.4.3 GLIBCXX_3.4.4 GLIBCXX_3.4.5 GLIBCXX_3.4.6
      GLIBCXX_3.4.7 GLIBCXX_3.4.8 GLIBCXX_3.4.9 GLIBCXX_3.4.10 GLIBCXX_3.4.11 GLIBCXX_3.4.12 GLIBCXX_3.4.13
      GLIBCXX_3.4.14 GLIBCXX_3.4.15 GLIBCXX_3.4.16 GLIBCXX_3.4.17 GLIBCXX_3.4.18 GLIBCXX_3.4.19 GLIBCXX_3.4.20
      GLIBCXX_3.4.21 GLIBCXX_3.4.22 GLIBCXX_3.4.23 GLIBCXX_3.4.24 GLIBCXX_3.4.25 GLIBCXX_3.4.26 GLIBCXX_3.4.27
      GLIBCXX_3.4.28 GLIBCXX_3.4.29 GLIBCXX_3.4.30 CXXABI_1.3 CXXABI_1.3.1 CXXABI_1.3.2 CXXABI_1.3.3
      CXXABI_1.3.4 CXXABI_1.3.5 CXXABI_1.3.6 CXXABI_1.3.7 CXXABI_1.3.8 CXXABI_1.3.9 CXXABI_1.3.10
      CXXABI_1.3.11 CXXABI_1.3.12 CXXABI_1.3.13 CXXABI_TM_1 CXXABI_FLOAT128`),
    },
    "libgcc_s.so.1": {
      path: "/lib/x86_64-linux-gnu/libgcc_s.so.1",
      definedVersions: listed(`
      GCC_3.0 GCC_3.3 GCC_3.3.1 GCC_3.4 GCC_3.4.2 GCC_3.4.4 GCC_4.0.0 GCC_4.2.0 GCC_4.3.0 GCC_4.7.0 GCC_4.8.0
      GCC_7.0.0 GCC_12.0.0`),
    },
  },
};

/** Recorded with the C and C++ libraries of Debian 11 (x64, Node 20.20.2), run on Debian 12 with their own loader. */
export const debian11: NativeSystem = {
  node: x64,
  cLibrary: "glibc",
  loader: "/lib64/ld-linux-x86-64.so.2",
  glibcVersion: "2.31",
  libraries: {
    "libc.so.6": {
      path: "/lib/x86_64-linux-gnu/libc.so.6",
      definedVersions: listed(`
      GLIBC_2.2.5 GLIBC_2.2.6 GLIBC_2.3 GLIBC_2.3.2 GLIBC_2.3.3 GLIBC_2.3.4 GLIBC_2.4 GLIBC_2.5 GLIBC_2.6
      GLIBC_2.7 GLIBC_2.8 GLIBC_2.9 GLIBC_2.10 GLIBC_2.11 GLIBC_2.12 GLIBC_2.13 GLIBC_2.14 GLIBC_2.15
      GLIBC_2.16 GLIBC_2.17 GLIBC_2.18 GLIBC_2.22 GLIBC_2.23 GLIBC_2.24 GLIBC_2.25 GLIBC_2.26 GLIBC_2.27
      GLIBC_2.28 GLIBC_2.29 GLIBC_2.30 GLIBC_PRIVATE`),
    },
    "libm.so.6": {
      path: "/lib/x86_64-linux-gnu/libm.so.6",
      definedVersions: listed(`
      GLIBC_2.2.5 GLIBC_2.4 GLIBC_2.15 GLIBC_2.18 GLIBC_2.23 GLIBC_2.24 GLIBC_2.25 GLIBC_2.26 GLIBC_2.27
      GLIBC_2.28 GLIBC_2.29 GLIBC_2.31`),
    },
    "libstdc++.so.6": {
      path: "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
      definedVersions: listed(`
      GLIBCXX_3.4 GLIBCXX_3.4.1 GLIBCXX_3.4.2 GLIBCXX_3.4.3 GLIBCXX_3.4.4 GLIBCXX_3.4.5 GLIBCXX_3.4.6
      GLIBCXX_3.4.7 GLIBCXX_3.4.8 GLIBCXX_3.4.9 GLIBCXX_3.4.10 GLIBCXX_3.4.11 GLIBCXX_3.4.12 GLIBCXX_3.4.13
      GLIBCXX_3.4.14 GLIBCXX_3.4.15 GLIBCXX_3.4.16 GLIBCXX_3.4.17 GLIBCXX_3.4.18 GLIBCXX_3.4.19 GLIBCXX_3.4.20
      GLIBCXX_3.4.21 GLIBCXX_3.4.22 GLIBCXX_3.4.23 GLIBCXX_3.4.24 GLIBCXX_3.4.25 GLIBCXX_3.4.26 GLIBCXX_3.4.27
      GLIBCXX_3.4.28 CXXABI_1.3 CXXABI_1.3.1 CXXABI_1.3.2 CXXABI_1.3.3 CXXABI_1.3.4 CXXABI_1.3.5 CXXABI_1.3.6
      CXXABI_1.3.7 CXXABI_1.3.8 CXXABI_1.3.9 CXXABI_1.3.10 CXXABI_1.3.11 CXXABI_1.3.12 CXXABI_TM_1
      CXXABI_FLOAT128`),
    },
    "libgcc_s.so.1": {
      path: "/lib/x86_64-linux-gnu/libgcc_s.so.1",
      definedVersions: listed(`
      GCC_3.0 GCC_3.3 GCC_3.3.1 GCC_3.4 GCC_3.4.2 GCC_3.4.4 GCC_4.0.0 GCC_4.2.0 GCC_4.3.0 GCC_4.7.0 GCC_4.8.0
      GCC_7.0.0`),
    },
  },
};

/** Debian 12 with the C++ library of Debian 11. */
export const oldCppLibrary: NativeSystem = {
  ...debian12,
  libraries: { ...debian12.libraries, "libstdc++.so.6": debian11.libraries["libstdc++.so.6"] },
};

/** Recorded with Debian 12's armhf libraries under qemu-arm (Node 20.11.0 for armv7l). The lists are shortened. */
export const armhf: NativeSystem = {
  node: { bits: 32, byteOrder: "little", machine: 40 },
  cLibrary: "glibc",
  loader: "/lib/ld-linux-armhf.so.3",
  glibcVersion: "2.36",
  libraries: { "libc.so.6": { path: "/lib/libc.so.6", definedVersions: listed("GLIBC_2.4 GLIBC_2.34 GLIBC_2.36") } },
};

/** Written by hand according to musl: one file is both loader and library, without versions. */
export const alpine: NativeSystem = {
  node: x64,
  cLibrary: "musl",
  loader: "/lib/ld-musl-x86_64.so.1",
  glibcVersion: null,
  libraries: {
    "libstdc++.so.6": {
      path: "/usr/lib/libstdc++.so.6",
      definedVersions: listed("GLIBCXX_3.4 GLIBCXX_3.4.30 CXXABI_1.3 CXXABI_1.3.13"),
    },
  },
};
