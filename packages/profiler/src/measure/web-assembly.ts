interface WebAssemblyEngine {
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module;
  Memory: new (size: { initial: number; maximum?: number }) => { readonly buffer: ArrayBuffer };
  Instance: new (module: WebAssembly.Module, imports: object) => { readonly exports: object };
}

/** What Node's types leave out because they are for servers, and Node has. */
export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyEngine }).WebAssembly;

/** Memory comes in pages of so many bytes. It begins on a page of the system's. */
export const WASM_PAGE_BYTES = 65_536;
