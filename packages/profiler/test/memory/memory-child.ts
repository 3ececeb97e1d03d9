import { closeSync, openSync, readSync } from "node:fs";
import { DeviceMemoryProbe } from "../../src/index.js";

/** A task for the program below, done before it reads the memory. */
export type MemoryRequest =
  | { do: "read" }
  /** Read a file, whose pages stay in the cache and count against the group of this process. */
  | { do: "cache"; file: string }
  /** Allocate memory, touch all of it, and keep it. */
  | { do: "take"; bytes: number };

const probe = new DeviceMemoryProbe();
const taken: Buffer[] = [];

process.on("message", async (request: MemoryRequest) => {
  if (request.do === "cache") fillCache(request.file);
  if (request.do === "take") taken.push(Buffer.alloc(request.bytes, 1));
  process.send?.(await probe.read());
});

/** Reads a file in blocks, only once: pages that are read again count as active. */
function fillCache(file: string): void {
  const block = Buffer.alloc(2 ** 20);
  const descriptor = openSync(file, "r");
  while (readSync(descriptor, block) > 0);
  closeSync(descriptor);
}
