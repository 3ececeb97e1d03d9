// Models that are on this device, without the code that downloads.

export { type HubEnvironment, readHubEnvironment } from "../environment/hub-environment.js";
export { HubError, type HubErrorCode } from "../hub-error.js";
export { type ListModelsOptions, listModels } from "./list-models.js";
export { type ResolveModelOptions, resolveModel } from "./resolve-model.js";
export type { ModelOrigin, StoredModel } from "./stored-model.js";
