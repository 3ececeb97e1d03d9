/** Vendor of the compute interface of a GPU: CUDA, ROCm or Metal. */
export type GpuVendor = "nvidia" | "amd" | "apple";
