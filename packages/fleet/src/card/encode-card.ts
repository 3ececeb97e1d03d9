import { type AgentCard, MAX_CARD_BYTES } from "./agent-card.js";
import { planningDetails } from "./card-details.js";

/** Parts that a card can do without, from the least important. */
const REDUCTIONS: readonly { readonly part: string; readonly reduce: (card: AgentCard) => AgentCard }[] = [
  {
    part: "details of the device",
    reduce: (card) => ({ ...card, device: { ...card.device, details: planningDetails(card.device.details ?? {}) } }),
  },
  { part: "the measurement of the device", reduce: (card) => ({ ...card, measurement: null }) },
  {
    part: "the plan of the model",
    reduce: (card) => ({ ...card, model: card.model && { ...card.model, plan: null } }),
  },
  { part: "the tools", reduce: (card) => ({ ...card, tools: [] }) },
  { part: "the capabilities", reduce: (card) => ({ ...card, agent: { ...card.agent, capabilities: [] } }) },
  { part: "the labels", reduce: (card) => ({ ...card, labels: {} }) },
];

/**
 * Returns the message of a card. One of more than {@link MAX_CARD_BYTES} loses parts until it is small enough: `lost` names
 * them.
 */
export function encodeCard(card: AgentCard): { payload: string; lost: readonly string[] } {
  let fitting = card;
  const lost: string[] = [];
  for (const { part, reduce } of REDUCTIONS) {
    const payload = JSON.stringify(fitting);
    if (sizeOf(payload) <= MAX_CARD_BYTES) return { payload, lost };
    fitting = reduce(fitting);
    lost.push(part);
  }
  return { payload: JSON.stringify(fitting), lost };
}

function sizeOf(payload: string): number {
  return new TextEncoder().encode(payload).length;
}
