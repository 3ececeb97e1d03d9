import type { RegisteredAgent } from "@nanoagent/fleet";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { formatDetails } from "../profile/format-details.js";
import { connectFleet } from "./connect.js";
import { describeUpdate, safe } from "./describe-agent.js";
import { noteLeftOut } from "./left-out.js";

const LABEL_COLUMN = 15;
const USUAL_WIDTH = 80;

/** Shows everything that is known of an agent. */
export const showAgent: CommandAction = async (values, streams) => {
  const { stdout } = streams;
  await using fleet = await connectFleet(values, streams);
  const { registry } = fleet;
  const agent = registry.find(String(values.id));
  if (values.json) stdout.write(formatJson(agent));
  else stdout.write(plainText(describe(agent, stdout.columns ?? USUAL_WIDTH)));
  noteLeftOut(registry, streams);
  return exitCodes.done;
};

function describe({ id, online, card, update }: RegisteredAgent, columns: number): string {
  const { site, labels, versions, agent, tools, device, measurement, model, bundle, health, config_sha256, at } = card;
  const { details } = device;
  const gpu = device.has_gpu ? ", GPU" : "";
  const fields: Readonly<Record<string, string | null>> = {
    State: online ? "online" : "offline",
    Health: [health.status, ...health.reasons].join(", "),
    Site: site,
    Labels: Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(", "),
    Agent: `${agent.name} ${agent.version}`,
    Budget: `${agent.max_memory_mb} MB, for models of at most ${agent.max_model_size_mb} MB`,
    Capabilities: agent.capabilities.join(", "),
    Tools: tools.map(({ name, changes_world }) => (changes_world ? `${name} (changes the world)` : name)).join(", "),
    Languages: agent.languages.join(", "),
    Model: model === null ? "none" : describeModel(model),
    Bundle: bundle === null ? "none" : `${bundle.name} ${bundle.version}, sequence ${bundle.sequence}`,
    Updates:
      card.takes_updates === null ? null : card.takes_updates ? "taken from the fleet" : "not taken from the fleet",
    Update: update === null ? null : `${describeUpdate(update)}${update.at === null ? "" : ` (${update.at})`}`,
    Config: config_sha256 === null ? null : `SHA-256 ${config_sha256}`,
    Versions: `nanoagent ${versions.nanoagent}, Node ${versions.node}`,
    Changed: at,
    Device: `${device.device_id} (${device.platform}), ${device.memory_mb} MB, ${device.cpu_cores} cores${gpu}`,
    Measured: measurement === null ? "no" : measurement.measured_at,
  };
  const shown = Object.entries(fields).flatMap(([label, value]) =>
    value === null || value === "" ? [] : [[label, safe(value)] as const],
  );
  const facts = details === undefined ? "" : formatDetails(details, columns);
  return `${safe(id)}\n${formatFields(LABEL_COLUMN, Object.fromEntries(shown))}${facts}`;
}

function describeModel({ engine, name, context_tokens, plan }: NonNullable<RegisteredAgent["card"]["model"]>): string {
  const memory = plan === null ? null : Math.round(plan.ledger.peak_resident_bytes / 1_000_000);
  return [
    name ?? "unnamed",
    engine,
    ...(context_tokens === null ? [] : [`${context_tokens} tokens of context`]),
    ...(memory === null ? [] : [`at most ${memory} MB`]),
  ].join(", ");
}
