import { createHash } from "node:crypto";
import type { NanoAgentConfig } from "@nanoagent/models";
import { machineId } from "../device/machine-id.js";
import { agentIdOf } from "./agent-topics.js";
import { clientIdOf } from "./client-id.js";

/** Digits of an ID that is made from the machine: enough for a fleet of thousands. */
const ID_DIGITS = 12;

/** Names of an agent at a broker. */
export interface AgentIdentity {
  /** Level of its topics. */
  readonly id: string;
  /** First levels of its topics. Undefined: the default. */
  readonly prefix: string | undefined;
  readonly clientId: string;
}

/**
 * Returns the names of the agent of a config. In a fleet, the ID is `fleet.id`, or made from the machine, so that the name of
 * the host stays at home; otherwise it is the client's ID.
 */
export function agentIdentity(
  { mqtt, fleet }: Pick<NanoAgentConfig, "mqtt" | "fleet">,
  machine: () => string = machineId,
): AgentIdentity {
  if (fleet === undefined) {
    const clientId = mqtt?.client_id ?? clientIdOf();
    return { id: agentIdOf(clientId), prefix: mqtt?.prefix, clientId };
  }
  const id = fleet.id === undefined ? idOfMachine(machine()) : agentIdOf(fleet.id);
  return { id, prefix: fleet.prefix ?? mqtt?.prefix, clientId: mqtt?.client_id ?? clientIdOf(id) };
}

/** Returns an ID that tells nothing about the machine. */
function idOfMachine(machine: string): string {
  const hash = createHash("sha256").update(`nanoagent fleet ${machine}`).digest("hex");
  return `agent-${hash.slice(0, ID_DIGITS)}`;
}
