import type { NeededVersion } from "./native-library/read-elf.js";

/**
 * The newest versions of the system's libraries that the Linux packages of `ADDON_VERSION` need, for systems where the
 * package is not installed. Those of GCC's runtime are left out: they are of 2004. A test compares the list with the files.
 */
export const LLAMA_REQUIREMENTS: readonly NeededVersion[] = [
  { library: "libc.so.6", version: "GLIBC_2.34" },
  { library: "libm.so.6", version: "GLIBC_2.29" },
  { library: "libstdc++.so.6", version: "GLIBCXX_3.4.30" },
  { library: "libstdc++.so.6", version: "CXXABI_1.3.13" },
];
