import type { Agent } from "@nanoagent/runtime";
import { defaultLimits, type HttpLimits } from "../http/http-limits.js";

/** Share of the memory that an agent's budget leaves, for bodies that are read at once. Parsed, they take several times as much. */
const SHARE = 1 / 4;

/** Returns the limit on the bodies that are read at once: a share of what the agent's budget leaves, at least one whole body. */
export async function bodyLimits(agent: Agent): Promise<Pick<HttpLimits, "allBodiesBytes">> {
  const { bodyBytes, allBodiesBytes } = defaultLimits;
  // Without figures, the default holds.
  const memory = await agent.memory().catch(() => null);
  if (memory === null) return { allBodiesBytes };
  const shareBytes = Math.floor(SHARE * (memory.limit_bytes - memory.used_bytes));
  return { allBodiesBytes: Math.min(allBodiesBytes, Math.max(bodyBytes, shareBytes)) };
}
