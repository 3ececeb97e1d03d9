/**
 * Returns the CPU features to assume if only the platform is known: those of most CPUs of that machine type, so that a
 * plan counts every copy that such a CPU would make. Null for an unknown machine type.
 */
export function assumedCpuFeatures(platform: string): readonly string[] | null {
  const machine = platform.slice(platform.lastIndexOf("-") + 1);
  return FEATURES_BY_MACHINE[machine] ?? null;
}

/** Nothing is repacked on 32-bit ARM: its CPUs with dot products run 64-bit systems. */
const FEATURES_BY_MACHINE: Readonly<Record<string, readonly string[]>> = Object.assign(Object.create(null), {
  x86_64: ["avx2"],
  amd64: ["avx2"],
  aarch64: ["asimddp"],
  arm64: ["asimddp"],
  armv7l: [],
  armv6l: [],
});
