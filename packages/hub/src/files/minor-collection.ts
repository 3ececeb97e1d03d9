import v8 from "node:v8";
import vm from "node:vm";

type Collect = (options: { type: "minor" }) => void;

/** Bytes between two collections of the buffers that they came in. */
const COLLECT_BYTES = 1_048_576;

let collect: Collect | null = null;

/**
 * Returns a function to call with the size of each buffer after its use. After every MiB, it makes V8 collect young
 * objects; on its own, V8 keeps 40 MB of such buffers. Does nothing if V8 offers no way to start a collection.
 */
export function minorCollection(): (bytes: number) => void {
  collect ??= findCollection();
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < COLLECT_BYTES) return;
    since = 0;
    collect?.({ type: "minor" });
  };
}

function findCollection(): Collect {
  try {
    v8.setFlagsFromString("--expose-gc");
    return vm.runInNewContext("gc") as Collect;
  } catch {
    return () => {};
  } finally {
    v8.setFlagsFromString("--no-expose-gc");
  }
}
