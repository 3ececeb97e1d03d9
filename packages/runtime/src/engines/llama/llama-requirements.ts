import type { NeededVersion } from "./native-library/read-elf.js";

/**
 * Newest system library versions that the Linux packages of `ADDON_VERSION` need, for systems without the package.
 * GCC's runtime is left out: its versions are from 2004. A test compares the list with the files.
 */
export const LLAMA_REQUIREMENTS: readonly NeededVersion[] = [
  { library: "libc.so.6", version: "GLIBC_2.34" },
  { library: "libm.so.6", version: "GLIBC_2.29" },
  { library: "libstdc++.so.6", version: "GLIBCXX_3.4.30" },
  { library: "libstdc++.so.6", version: "CXXABI_1.3.13" },
];
