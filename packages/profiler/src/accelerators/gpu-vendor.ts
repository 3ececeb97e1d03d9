/** Whose interface a GPU is computed on through: CUDA, ROCm, Metal. */
export type GpuVendor = "nvidia" | "amd" | "apple";
