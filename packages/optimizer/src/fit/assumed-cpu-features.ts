/**
 * What a CPU can do of which only the platform is known: for each type of machine what most of its CPUs can, so that a
 * plan counts every copy that such a CPU would make. Null for a machine of which that is not known either.
 */
export function assumedCpuFeatures(platform: string): readonly string[] | null {
  const machine = platform.slice(platform.lastIndexOf("-") + 1);
  return FEATURES_BY_MACHINE[machine] ?? null;
}

/** 32-bit ARM repacks nothing: its CPUs with dot products run 64-bit systems. */
const FEATURES_BY_MACHINE: Readonly<Record<string, readonly string[]>> = Object.assign(Object.create(null), {
  x86_64: ["avx2"],
  amd64: ["avx2"],
  aarch64: ["asimddp"],
  arm64: ["asimddp"],
  armv7l: [],
  armv6l: [],
});
