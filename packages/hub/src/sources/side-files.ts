/** A kind of GGUF file that is not a model by itself. */
interface SideFileRow {
  /** Plural noun, for messages. */
  kind: string;
  pattern: RegExp;
}

/** Matches a word of a path: it is not part of a longer run of letters and digits. */
function word(pattern: string, flags = "i"): RegExp {
  return new RegExp(`(?<![a-z0-9])(?:${pattern})(?![a-z0-9])`, flags);
}

/** Kinds of side files, by words in their paths. */
const SIDE_FILES: readonly SideFileRow[] = [
  { kind: "projectors for images and sound", pattern: word("mmproj|projector|mm_projector") },
  { kind: "importance matrices", pattern: /imatrix/i },
  // A model with prediction layers inside may have MTP in the middle of its name, in capitals.
  { kind: "prediction heads", pattern: /(?:^|\/)[Mm][Tt][Pp]-|(?<![A-Za-z0-9])mtp-/ },
  { kind: "draft models", pattern: word("eagle3|dflash|dspark|draft|drafter") },
  { kind: "vocabularies", pattern: /(?:^|\/)(?:ggml-)?vocab(?![a-z0-9])|vocab[-_]only/i },
];

/** LoRA adapters. A model that an adapter was merged into is a whole model. */
const ADAPTER = word("q?lora|adapters?");
const MERGED = word("merged?|fused?");

/** Returns the kind of a side file, in the plural, or null for a path that may be a model's. */
export function sideFileKind(path: string): string | null {
  const side = SIDE_FILES.find(({ pattern }) => pattern.test(path));
  if (side !== undefined) return side.kind;
  return ADAPTER.test(path) && !MERGED.test(path) ? "LoRA adapters" : null;
}
