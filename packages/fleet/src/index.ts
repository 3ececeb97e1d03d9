export { FleetError, type FleetErrorCode } from "./fleet-error.js";
export { type AgentCard, type CardBundle, type CardModel, MAX_CARD_BYTES } from "./card/agent-card.js";
export { type CardFacts, type CardParts, makeCard } from "./card/make-card.js";
export { parseCard } from "./card/parse-card.js";
export { type FleetMemberParts, openFleetMember } from "./device/fleet-member.js";
export { findAddressIssue } from "./offers/bundle-address.js";
export type { BundleOffer, UpdateMessage } from "./offers/bundle-offer.js";
export type { ReportedUpdate } from "./offers/parse-update.js";
export { type FetchOffered, type UpdateOptions, Updater, type UpdaterParts } from "./device/updater.js";
export type { UpdaterHost } from "./device/updater-host.js";
export { UpdateChannel } from "./device/update-channel.js";
export { openRegistry, type RegistryOptions } from "./registry/open-registry.js";
export type { AgentChange, RegisteredAgent } from "./registry/registered-agent.js";
export type {
  AgentAnswer,
  AskOptions,
  FinishedTrigger,
  ForgetOptions,
  Registry,
  TriggerOptions,
  WaitOptions,
} from "./registry/registry.js";
export { parseSelector, type Selector, type SelectorCondition, selects } from "./registry/selector.js";
export { rollOut, type RollOutOptions } from "./registry/roll-out.js";
export type { RolledOutBundle, RollOutEvent, RollOutFailure, RollOutResult } from "./registry/roll-out-event.js";
