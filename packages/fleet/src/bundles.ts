// Signed bundles and folders of releases, without the code that speaks to a broker.

export type { BundleFile, BundleManifest, BundleModel, BundleSignature } from "./bundle/bundle-manifest.js";
export { FleetError, type FleetErrorCode } from "./fleet-error.js";
export type {
  ApplyResult,
  ChangeSteps,
  ModelStore,
  PlacedRelease,
  ReleaseHost,
  UpdateOutcome,
  UpdateStep,
} from "./releases/release-host.js";
