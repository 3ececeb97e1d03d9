// Signed bundles and folders of releases, without the code that speaks to a broker.

export type {
  BundleFile,
  BundleHead,
  BundleManifest,
  BundleModel,
  BundleSignature,
} from "./bundle/bundle-manifest.js";
export { type CreateBundleOptions, createBundle } from "./bundle/create-bundle.js";
export { type KeyPair, makeKeyPair, readTrustedKeys, type TrustedKey } from "./bundle/keys.js";
export type { OpenFile } from "./bundle/read-bytes.js";
export { readHead } from "./bundle/read-head.js";
export { type SignedBundle, signBundle } from "./bundle/sign-bundle.js";
export { type VerifiedBundle, verifyBundle } from "./bundle/verify-bundle.js";
export { FleetError, type FleetErrorCode } from "./fleet-error.js";
export { modelsOfRelease } from "./releases/models-of-release.js";
export { type OpenReleasesOptions, openReleases, ownerOf, type ReleasesOwner } from "./releases/open-releases.js";
export { readReleases } from "./releases/read-releases.js";
export type {
  ApplyBundleOptions,
  ApplyResult,
  ChangeSteps,
  ModelStore,
  PlacedRelease,
  ReleaseHost,
  UpdateOutcome,
  UpdateStep,
} from "./releases/release-host.js";
export type { FailedBundle, Release, ReleaseList } from "./releases/release-list.js";
export type { Releases } from "./releases/releases.js";
export { rootOfConfig } from "./releases/root-of-config.js";
