interface WebAssemblyEngine {
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module;
  Memory: new (size: { initial: number; maximum?: number }) => { readonly buffer: ArrayBuffer };
  Instance: new (module: WebAssembly.Module, imports: object) => { readonly exports: object };
}

/** The WebAssembly object of Node, which the types for Node do not declare. */
export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyEngine }).WebAssembly;

/** Page size of WebAssembly memory. Memory starts at a page boundary of the system. */
export const WASM_PAGE_BYTES = 65_536;
