import { hostname } from "node:os";
import { agentIdOf } from "./agent-topics.js";

/** Returns the name of this device at a broker, for a config that gives none. */
export function clientIdOf(device: string = hostname()): string {
  return agentIdOf(`nanoagent-${device.split(".")[0] ?? ""}`);
}
