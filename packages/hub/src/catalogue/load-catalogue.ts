import type { ModelCatalogue } from "./model-catalogue.js";

/** Loads the catalogue that is part of this package. It is not read before the first call. */
export async function loadCatalogue(): Promise<ModelCatalogue> {
  const { default: catalogue } = await import("./catalogue.json", { with: { type: "json" } });
  return catalogue as unknown as ModelCatalogue;
}
