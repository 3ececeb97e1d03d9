import type { ModelStore } from "@nanoagent/fleet/bundles";

/** Models of the store that `nanoagent models` manages. A model is found by its hash, whatever its name there. */
export const hubModelStore: ModelStore = {
  async has({ size, sha256 }, signal) {
    const { findContents, readHubEnvironment } = await import("@nanoagent/hub/local-models");
    return (await findContents({ bytes: size, sha256 }, readHubEnvironment(), { signal })) !== null;
  },

  async requireSpace(models) {
    const { readHubEnvironment, requireModelSpace } = await import("@nanoagent/hub/local-models");
    const needs = models.map(({ size, sha256, source }) => ({ bytes: size, sha256, source }));
    await requireModelSpace(needs, readHubEnvironment());
  },

  async pull(model, { signal, onProgress }) {
    // Most bundles need no download, and a service keeps what it has loaded.
    const { pullBundleModel } = await import("./pull-bundle-model.js");
    await pullBundleModel(model, { signal, onProgress });
  },
};
