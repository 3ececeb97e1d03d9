import { DeviceMeasurement, EdgeDevice, FitPlan, type Schema, type SchemaIssue } from "@nanoagent/models";
import { PIECES_LEVEL } from "../piece-topic.js";
import { type AgentCard, type CardBundle, type CardModel, MAX_CARD_BYTES } from "./agent-card.js";
import { cardLabels, cardText, cardTexts, MAX_ENTRIES } from "./card-texts.js";

/** Rounds in which keys of newer versions are taken out of a part. A round finds at most 20. */
const MAX_ROUNDS = 8;

/** Keys on the way to a fact of a device: `details`, its topic and its name. */
const KEYS_TO_FACT = 3;
/** IDs that agents have: a level of their topics. */
const ID = /^[a-zA-Z0-9_-]{1,64}$/;
const STATUSES = ["ok", "degraded", "unavailable"] as const;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the card that stands at the topic of an agent. Null for anything else: a message that is too large, is not JSON, has
 * another form, belongs to another agent, or has an ID that agents cannot have. Keys that newer versions add are ignored, and long texts and lists are cut. Texts
 * are the sender's: they may contain anything but are at most 200 characters long.
 */
export function parseCard(payload: Uint8Array, id: string): AgentCard | null {
  if (payload.length > MAX_CARD_BYTES) return null;
  try {
    const card: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return cardOf(fields(card), id);
  } catch {
    return null;
  }
}

/** Thrown inside of this file only. */
class MalformedCard extends Error {}

function cardOf(card: Fields, id: string): AgentCard {
  if (card.format !== 1 || card.id !== id || !ID.test(id) || id === PIECES_LEVEL) throw new MalformedCard();
  const [versions, agent, health] = [fields(card.versions), fields(card.agent), fields(card.health)];
  return {
    format: 1,
    id,
    at: time(card.at),
    site: orNull(card.site, text),
    labels: cardLabels(Object.entries(fields(card.labels)).map(([name, value]) => [name, text(value)])),
    versions: { nanoagent: text(versions.nanoagent), node: text(versions.node) },
    agent: {
      name: text(agent.name),
      version: text(agent.version),
      capabilities: texts(agent.capabilities),
      max_memory_mb: count(agent.max_memory_mb),
      max_model_size_mb: count(agent.max_model_size_mb),
      languages: texts(agent.languages),
    },
    tools: list(card.tools).map((tool) => {
      const { name, changes_world } = fields(tool);
      return { name: text(name), changes_world: flag(changes_world) };
    }),
    device: deviceOf(fields(card.device)),
    // Measurements of another version cannot be compared.
    measurement: parsedOrNull(DeviceMeasurement, card.measurement),
    model: orNull(card.model, modelOf),
    config_sha256: orNull(card.config_sha256, text),
    bundle: orNull(card.bundle, bundleOf),
    takes_updates: card.takes_updates === undefined ? null : orNull(card.takes_updates, flag),
    health: { status: oneOf(STATUSES, health.status), reasons: texts(health.reasons) },
  };
}

function deviceOf({ device_id, platform, memory_mb, cpu_cores, has_gpu, details }: Fields): EdgeDevice {
  const stated = { device_id: text(device_id), platform: text(platform), memory_mb, cpu_cores, has_gpu };
  if (details === undefined) return parsedOrNull(EdgeDevice, stated) ?? malformed();
  const device = parsedOrNull(EdgeDevice, { ...stated, details }, ({ path }) =>
    // A fact in the form of another version is left out as a whole.
    path[0] === "details" ? path.slice(0, KEYS_TO_FACT) : null,
  );
  return device ?? parsedOrNull(EdgeDevice, stated) ?? malformed();
}

function modelOf(value: unknown): CardModel {
  const { engine, name, context_tokens, plan } = fields(value);
  return {
    engine: text(engine),
    name: orNull(name, text),
    context_tokens: orNull(context_tokens, count),
    plan: parsedOrNull(FitPlan, plan),
  };
}

function bundleOf(value: unknown): CardBundle {
  const { name, version, sequence } = fields(value);
  return { name: text(name), version: text(version), sequence: count(sequence) };
}

/**
 * Checks a part by its schema, without the keys that the schema does not know. `leaveOut` returns the path of what is left out
 * for an issue, or null if the part cannot be used.
 */
function parsedOrNull<Input, Output>(
  schema: Schema<Input, Output>,
  value: unknown,
  leaveOut = ({ kind, path }: SchemaIssue) => (kind === "unknown-key" ? path : null),
): Output | null {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = schema.safeParse(value);
    if (result.success) return result.value;
    for (const issue of result.issues) {
      const path = leaveOut(issue);
      if (path === null) return null;
      remove(value, path);
    }
  }
  return null;
}

function remove(value: unknown, path: readonly (string | number)[]): void {
  let map = value as Record<string | number, unknown>;
  for (const name of path.slice(0, -1)) {
    // A part that was removed before it.
    if (!Object.hasOwn(map, name)) return;
    map = map[name] as Record<string | number, unknown>;
  }
  const key = path.at(-1);
  if (key !== undefined) delete map[key];
}

function malformed(): never {
  throw new MalformedCard();
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : malformed();
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_ENTRIES) : malformed();
}

function text(value: unknown): string {
  return typeof value === "string" ? cardText(value) : malformed();
}

function texts(value: unknown): string[] {
  return cardTexts(list(value).map(text));
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : malformed();
}

function flag(value: unknown): boolean {
  return typeof value === "boolean" ? value : malformed();
}

function time(value: unknown): string {
  return typeof value === "string" && value.length <= 40 && !Number.isNaN(Date.parse(value)) ? value : malformed();
}

function oneOf<Name extends string>(names: readonly Name[], value: unknown): Name {
  return names.find((name) => name === value) ?? malformed();
}

function orNull<Value>(value: unknown, read: (value: unknown) => Value): Value | null {
  return value === null ? null : read(value);
}
