import { closeSync, openSync, readSync } from "node:fs";
import { DeviceMemoryProbe } from "../../src/index.js";

/** What the program below is asked to do before it reads how much memory there is. */
export type MemoryRequest =
  | { do: "read" }
  /** Read a file: its pages stay in the cache, and count against the group of this process. */
  | { do: "cache"; file: string }
  /** Take memory of its own, touch all of it, and keep it. */
  | { do: "take"; bytes: number };

const probe = new DeviceMemoryProbe();
const taken: Buffer[] = [];

process.on("message", async (request: MemoryRequest) => {
  if (request.do === "cache") fillCache(request.file);
  if (request.do === "take") taken.push(Buffer.alloc(request.bytes, 1));
  process.send?.(await probe.read());
});

/** In blocks, and once: what is read again counts as in use. */
function fillCache(file: string): void {
  const block = Buffer.alloc(2 ** 20);
  const descriptor = openSync(file, "r");
  while (readSync(descriptor, block) > 0);
  closeSync(descriptor);
}
