export { FleetError, type FleetErrorCode } from "./fleet-error.js";
export type { AgentCard, CardBundle, CardModel } from "./card/agent-card.js";
export type { BundleOffer, UpdateMessage } from "./offers/bundle-offer.js";
export {
  type FetchOffered,
  type UpdatedReleases,
  type UpdateOptions,
  Updater,
  type UpdaterHost,
  type UpdaterParts,
} from "./device/updater.js";
export { UpdateChannel } from "./device/update-channel.js";
