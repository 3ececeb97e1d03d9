// Models that are on this device, without the code that downloads.

export type { ModelOrigin } from "./caches/model-origin.js";
export { type HubEnvironment, readHubEnvironment } from "./environment/hub-environment.js";
export { HubError, type HubErrorCode } from "./hub-error.js";
export { resolveAnyName } from "./pull/resolve-any-name.js";
export { type FileContents, findContents } from "./store/find-contents.js";
export { type ListModelsOptions, listModels } from "./store/list-models.js";
export { requireModelSpace } from "./store/require-model-space.js";
export { type ResolveModelOptions, resolveModel } from "./store/resolve-model.js";
export type { StoredModel } from "./store/stored-model.js";
