export { FleetError, type FleetErrorCode } from "./fleet-error.js";
export type { AgentCard, CardBundle, CardModel } from "./card/agent-card.js";
export type { BundleOffer, UpdateMessage } from "./offers/bundle-offer.js";
