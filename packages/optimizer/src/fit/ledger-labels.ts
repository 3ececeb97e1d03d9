const LABELS: Readonly<Record<string, string>> = {
  "repacked-weights": "repacked weights",
  "tied-embeddings": "output matrix copy",
  "kv-cache": "KV cache",
  "kv-cache-of-windows": "sliding-window KV cache",
  "recurrent-state": "recurrent state",
  "compute-buffer": "compute buffer",
  "output-buffer": "output buffer",
  choosing: "tool selection",
  "host-process": "host process",
  "host-code": "program code",
  drafts: "draft tokens",
};

/** Returns the name of a ledger line as people read it: `KV cache` for `kv-cache`. */
export function labelOfLine(name: string): string {
  return Object.hasOwn(LABELS, name) ? (LABELS[name] ?? name) : name;
}
