export { type HubEnvironment, readHubEnvironment } from "./environment/hub-environment.js";
export { HubError, type HubErrorCode } from "./hub-error.js";
export type { AddressName, HubName, ModelName, OllamaName, WordName } from "./names/model-name.js";
export { parseModelName } from "./names/parse-model-name.js";
export { formatModelName } from "./names/format-model-name.js";
export { loadCatalogue } from "./catalogue/load-catalogue.js";
export { currentCatalogue } from "./catalogue/current-catalogue.js";
export type { LearnedCatalogue } from "./catalogue/learned.js";
export type {
  CatalogueFile,
  CatalogueModel,
  ModelCatalogue,
  ModelShape,
  ModelUse,
  PublishedFigure,
} from "./catalogue/model-catalogue.js";
export {
  type LeftOutModel,
  type Recommendation,
  type Recommendations,
  type RecommendOptions,
  recommendModels,
} from "./catalogue/recommend.js";
export { type HttpClientOptions, createHttpClient } from "./network/create-http-client.js";
export type { HttpClient, HttpRequest, HttpResponse } from "./network/http-client.js";
export type { RemoteFile, RemoteModel, RemoteRepository } from "./sources/remote-model.js";
export { openSource } from "./sources/open-source.js";
export { type RemoteHeader, type RemoteHeadersOptions, readRemoteHeaders } from "./headers/read-remote-headers.js";
export { type ModelChoice, type PlanChoicesOptions, planChoices } from "./choices/plan-choices.js";
export { bestChoice, type FittingChoice, nextSmaller } from "./choices/best-choice.js";
export { choiceJson, type ChoiceJson } from "./choices/choice-json.js";
export { downloadFile } from "./download/download-file.js";
export { findSource } from "./pull/find-source.js";
export type { ExpectedModel } from "./pull/expected-model.js";
export { pullModel, type PullOptions } from "./pull/pull-model.js";
export type { PulledModel, PullEvent } from "./pull/pull-event.js";
export { localNameOf } from "./pull/local-name.js";
export { resolveAnyName } from "./pull/resolve-any-name.js";
export type { ModelOrigin } from "./caches/model-origin.js";
export type { StoredModel } from "./store/stored-model.js";
export { type ListModelsOptions, listModels } from "./store/list-models.js";
export { findStoredModel } from "./store/find-stored-model.js";
export { type ResolveModelOptions, resolveModel } from "./store/resolve-model.js";
export { type VerifiedModelReport, verifyModels } from "./store/verify-models.js";
export { type RemovedModel, removeModel } from "./store/remove-model.js";
export { importModel } from "./bundles/import-model.js";
export type { ImportedModel, ImportModelOptions } from "./bundles/imported-model.js";
export { type ExportedModel, type ExportModelOptions, exportModel } from "./bundles/export-model.js";
export { type PrunedFile, type PrunedStore, type PruneStoreOptions, pruneStore } from "./store/prune-store.js";
