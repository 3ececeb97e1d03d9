import type { DeviceMeasurement, EdgeDevice, FitPlan, FleetSettings, IntentSettings } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { AgentCard, CardBundle, CardModel } from "./agent-card.js";
import { cardDetails } from "./card-details.js";
import { cardLabels, cardText, cardTexts, lastSegment, MAX_ENTRIES } from "./card-texts.js";

/** Facts of a card that the program reads, since neither the agent nor its service has them. */
export interface CardFacts {
  /** The device, with details. */
  readonly device: EdgeDevice;
  /** Measured speed of the device, or null. */
  readonly measurement: DeviceMeasurement | null;
  /** SHA-256 of the config's file, or null without one. */
  readonly config_sha256: string | null;
  /** Bundle that the agent runs from, or null. */
  readonly bundle: CardBundle | null;
  /** Whether the agent takes bundles from its fleet. */
  readonly takes_updates: boolean;
}

export interface CardParts {
  /** Level of the agent's topics. */
  readonly id: string;
  readonly settings: Pick<FleetSettings, "site" | "labels">;
  readonly agent: Pick<Agent, "config" | "engine" | "tools">;
  /** Plan of its local model, or null. */
  readonly plan: FitPlan | null;
  readonly versions: AgentCard["versions"];
  readonly facts: CardFacts;
  readonly health: { readonly status: AgentCard["health"]["status"]; readonly reasons: readonly { code: string }[] };
  /** ISO 8601. */
  readonly at: string;
}

/**
 * Makes the card of an agent. Of the config, it has only what {@link AgentCard} names: no secrets, addresses, paths,
 * commands and values of variables.
 */
export function makeCard({ id, settings, agent, plan, versions, facts, health, at }: CardParts): AgentCard {
  const { spec, device, intents } = agent.config;
  return {
    format: 1,
    id,
    at,
    site: settings.site === undefined ? null : cardText(settings.site),
    labels: cardLabels(Object.entries(settings.labels ?? {})),
    versions,
    agent: {
      name: cardText(spec.name),
      version: cardText(spec.version),
      capabilities: cardTexts(spec.capabilities),
      max_memory_mb: spec.max_memory_mb,
      max_model_size_mb: spec.max_model_size_mb,
      languages: languagesOf(intents),
    },
    tools: agent.tools.slice(0, MAX_ENTRIES).map(({ name, changesWorld }) => ({ name, changes_world: changesWorld })),
    device: cardDevice(device, facts.device),
    measurement: facts.measurement && cardMeasurement(facts.measurement),
    model: cardModel(agent, plan),
    config_sha256: facts.config_sha256,
    bundle: facts.bundle,
    takes_updates: facts.takes_updates,
    health: { status: health.status, reasons: cardTexts(health.reasons.map(({ code }) => code)) },
  };
}

/** The device as the agent plans with it: facts that its config declares come before those that the profiler found. */
function cardDevice({ details: declared, ...stated }: EdgeDevice, { details: found = {} }: EdgeDevice): EdgeDevice {
  const { device_id, platform } = stated;
  const texts = { device_id: cardText(device_id), platform: cardText(platform) };
  return { ...stated, ...texts, details: cardDetails(found, declared) };
}

function cardMeasurement({ thread_trials: _, calibrations, ...measurement }: DeviceMeasurement): DeviceMeasurement {
  // A calibration may name its model by a path.
  return { ...measurement, calibrations: calibrations.map((one) => ({ ...one, model: lastSegment(one.model) })) };
}

/** Null for an agent that answers by rules. */
function cardModel({ config, engine }: CardParts["agent"], plan: FitPlan | null): CardModel | null {
  if (engine.name === "rules") return null;
  const name = engine.name === "llama" ? config.model_path : config.engine?.model;
  return {
    engine: cardText(engine.name),
    name: name == null ? null : lastSegment(name),
    context_tokens: engine.contextTokens,
    plan: plan && cardPlan(plan),
  };
}

function cardPlan(plan: FitPlan): FitPlan {
  const { architecture, name } = plan.model;
  return {
    ...plan,
    model_path: lastSegment(plan.model_path),
    // The header of a model's file is not checked by anybody.
    model: { ...plan.model, architecture: architecture && cardText(architecture), name: name && cardText(name) },
  };
}

/** Languages that the sentences of intents are for. */
function languagesOf(intents: IntentSettings | undefined): string[] {
  const sentences = (intents?.definitions ?? []).map((definition) => definition.sentences);
  return cardTexts(sentences.flatMap((templates) => (Array.isArray(templates) ? [] : Object.keys(templates)))).sort();
}
