import type { RegisteredAgent } from "@nanoagent/fleet";
import { visibleText } from "../output/visible-text.js";

/** States of an update that need no attention. */
const SETTLED = new Set(["applied", "current"]);

/** The facts of an agent that fit into a list, as JSON. `nanoagent fleet show` has all. */
export function summaryOf({ id, online, card, update }: RegisteredAgent) {
  const { site, labels, versions, agent, device, model, bundle, takes_updates, health, at } = card;
  const { details: _, ...summary } = device;
  return {
    id,
    online,
    site,
    labels,
    versions,
    agent: { name: agent.name, version: agent.version },
    device: summary,
    model: model === null ? null : { engine: model.engine, name: model.name, context_tokens: model.context_tokens },
    bundle,
    takes_updates,
    health,
    update: update === null ? null : { sequence: update.sequence, state: update.state, reason: update.reason },
    at,
  };
}

/** Name of the model, or of the engine without one. */
export function modelOf({ card: { model } }: RegisteredAgent): string {
  return model === null ? "" : (model.name ?? model.engine);
}

/** Name and version of the bundle. */
export function bundleOf({ card: { bundle } }: RegisteredAgent): string {
  return bundle === null ? "" : `${bundle.name} ${bundle.version}`;
}

/** Texts about everything that needs attention: the reasons of the health, and an update that goes on or failed. */
export function concernsOf({ card: { health }, update }: RegisteredAgent): string[] {
  const reasons = health.reasons.join(", ");
  return [
    ...(health.status === "ok" && reasons === "" ? [] : [reasons]),
    ...(update === null || SETTLED.has(update.state) ? [] : [describeUpdate(update)]),
  ].filter((text) => text !== "");
}

export function describeUpdate(update: NonNullable<RegisteredAgent["update"]>): string {
  const { sequence, state, progress, reason } = update;
  const share = progress === null ? "" : ` ${Math.floor(progress * 100)}%`;
  return `update ${sequence}: ${state}${share}${reason === null ? "" : `: ${reason}`}`;
}

/** Makes text of a broker safe for one line of a terminal. */
export function safe(text: string): string {
  return visibleText(text.trim().replaceAll(/[\n\t ]+/g, " "));
}
