import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";

/** Size of the model's file: hashing it would take longer than a report may. */
export const MODEL_BYTES = 14e9;
/** The `model_path` of the model. */
export const MODEL_NAME = "hub:org/chat-GGUF";

/** Puts a model that was never hashed into a folder as the cache of Hugging Face has it. Returns the `HF_HOME`. */
export function placeNamedModel(folder: string): string {
  const home = path.join(folder, "hugging-face");
  const repository = path.join(home, "hub", "models--org--chat-GGUF");
  const revision = "c".repeat(40);
  const snapshot = path.join(repository, "snapshots", revision);
  for (const name of ["blobs", "refs"]) mkdirSync(path.join(repository, name), { recursive: true });
  mkdirSync(snapshot, { recursive: true });
  const blob = path.join(repository, "blobs", "ab".repeat(32));
  writeFileSync(blob, buildTinyGguf({ weightType: "q8_0" }));
  truncateSync(blob, MODEL_BYTES);
  writeFileSync(path.join(repository, "refs", "main"), revision);
  symlinkSync(path.relative(snapshot, blob), path.join(snapshot, "chat-Q8_0.gguf"));
  return home;
}
