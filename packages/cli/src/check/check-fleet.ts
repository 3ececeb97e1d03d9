import path from "node:path";
import { type FleetSettings, type NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import type { CheckedPart, CheckReport } from "./check-report.js";
import type { TriggerParts } from "./trigger-parts.js";

type FleetConfig = Pick<NanoAgentConfig, "mqtt" | "fleet">;
type FleetParts = typeof import("@nanoagent/fleet/bundles");

/** Most labels: a card must stay small. */
const MAX_LABELS = 32;
/** Keys of a selector that are not labels. */
const SELECTOR_KEYS = new Set(["id", "online", "site", "version", "health", "bundle", "sequence", "updates", "model"]);

/** Checks the place of the agent in its fleet, without connecting. With `isHere`, also where its config is. */
export async function checkFleet(report: CheckReport, config: FleetConfig, isHere: boolean): Promise<void> {
  const { fleet } = config;
  if (fleet === undefined) return;
  const [{ fleetNeedsBroker, loadTriggerParts }, fleetParts] = await Promise.all([
    import("@nanoagent/server/program"),
    import("@nanoagent/fleet/bundles"),
  ]);
  const parts = await loadTriggerParts();
  const part = report.part("Fleet");
  if (config.mqtt === undefined) part.reject(["fleet"], fleetNeedsBroker());
  checkFleetRules(part, config, parts, fleetParts);
  if (isHere) await checkPlace(part, fleet, report.file, fleetParts);
  part.summary = describe(config, parts);
}

/** Level of the topics with the pieces of bundles. */
const RESERVED_ID = "bundle";

/** Checks what no schema can express: a service refuses at its start what this reports as an error. */
export function checkFleetRules(
  part: CheckedPart,
  { mqtt, fleet }: FleetConfig,
  { agentIdOf, findPrefixProblem }: TriggerParts,
  { readTrustedKeys }: Pick<FleetParts, "readTrustedKeys">,
): void {
  if (fleet === undefined) return;
  const { id, prefix, labels = {}, trust = [] } = fleet;
  if (id !== undefined && agentIdOf(id) !== id) {
    part.warn(["fleet", "id"], {
      code: "fleet-id-changed",
      message: `The agent's topics have "${agentIdOf(id)}" in the place of this ID.`,
      reason: "Two agents whose IDs become the same would replace each other at the broker.",
      hint: "Use at most 64 letters, digits, - and _, so that both are the same.",
    });
  }
  if (id === RESERVED_ID) {
    part.error(["fleet", "id"], {
      code: "invalid-config",
      message: `An agent cannot have the ID "${RESERVED_ID}", because that level of the topics has the pieces of bundles.`,
      hint: "Choose another ID.",
    });
  }
  const problem = prefix === undefined ? null : findPrefixProblem(prefix);
  if (problem !== null) {
    const hint = 'Write one or more levels, such as "nanoagent" or "acme/kiosks".';
    part.error(["fleet", "prefix"], { code: "invalid-config", message: problem, hint });
  } else if (prefix !== undefined && mqtt?.prefix !== undefined && mqtt.prefix !== prefix) {
    part.warn(["mqtt", "prefix"], {
      code: "no-effect",
      message: "mqtt.prefix has no effect, because fleet.prefix begins all topics of the agent.",
      hint: "Remove one of them.",
    });
  }
  checkLabels(part, labels);
  for (const [index, text] of trust.entries()) {
    try {
      readTrustedKeys([text]);
    } catch (error) {
      if (!NanoAgentError.isInstance(error)) throw error;
      part.error(["fleet", "trust", index], error);
    }
  }
}

function checkLabels(part: CheckedPart, labels: Readonly<Record<string, string>>): void {
  const names = Object.keys(labels);
  if (names.length > MAX_LABELS) {
    part.error(["fleet", "labels"], {
      code: "invalid-config",
      message: `An agent has at most ${MAX_LABELS} labels, and this one has ${names.length}.`,
      hint: "Keep the labels that agents are selected by.",
    });
  }
  for (const name of names) {
    const at = ["fleet", "labels", name];
    if (!/^[\p{L}\p{N}_](?:[\p{L}\p{N}_. -]{0,62}[\p{L}\p{N}_])?$/u.test(name)) {
      part.error(at, {
        code: "invalid-config",
        message: `No selector can name the label ${JSON.stringify(name)}.`,
        hint: "Use at most 64 letters, digits, _, - and dots.",
      });
    } else if (SELECTOR_KEYS.has(name)) {
      part.warn(at, {
        code: "label-hidden",
        message: `A selector with "${name}" means another fact of the agent, not this label.`,
        hint: `Write label.${name}=… in selectors, or rename the label.`,
      });
    }
  }
}

/** Warns if the agent cannot take the updates of its fleet. */
async function checkPlace(
  part: CheckedPart,
  { trust }: FleetSettings,
  file: string,
  { rootOfConfig }: Pick<FleetParts, "rootOfConfig">,
): Promise<void> {
  if (trust === undefined) {
    part.warn(["fleet", "trust"], {
      code: "updates-refused",
      message: "Updates through the broker are refused, because no key is trusted.",
      hint: "Set fleet.trust to the public key that signs your bundles, or to [] if updates come another way.",
    });
  }
  if (trust === undefined || trust.length === 0 || (await hasReleases(file, rootOfConfig))) return;
  part.warn(["fleet", "trust"], {
    code: "updates-refused",
    message: "Updates through the broker are refused, because this config does not belong to a release.",
    hint: "Apply a bundle with nanoagent bundle apply FILE --root ROOT --trust KEY, and serve ROOT/current/agent.yaml.",
  });
}

/** Whether a config is that of a release: the one in use, or the one that is being tried. */
async function hasReleases(file: string, rootOfConfig: FleetParts["rootOfConfig"]): Promise<boolean> {
  const full = path.resolve(file);
  const folder = path.dirname(full);
  const isTried = path.basename(folder) === "next";
  return isTried || (await rootOfConfig(full)) !== null;
}

function describe({ mqtt, fleet = {} }: FleetConfig, { agentIdentity, agentTopics }: TriggerParts): string {
  const { site, labels = {}, trust = [] } = fleet;
  const { id, prefix } = agentIdentity({ mqtt, fleet });
  let place = id;
  try {
    const topics = agentTopics(id, prefix);
    place = `${topics.prefix}/${id}`;
  } catch {
    // The prefix is an error of its own.
  }
  const count = Object.keys(labels).length;
  return [
    `as ${place}`,
    ...(site === undefined ? [] : [`at ${site}`]),
    ...(count === 0 ? [] : [count === 1 ? "1 label" : `${count} labels`]),
    trust.length === 0
      ? "takes no updates from its fleet"
      : `takes updates signed with ${trust.length === 1 ? "1 key" : `one of ${trust.length} keys`}`,
  ].join(", ");
}
