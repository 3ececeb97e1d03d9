import type { EngineTool } from "../engines/engine.js";
import { ToolRanking } from "./rank-tools.js";

/** Number of the most likely tools that are always included. A model that chooses another one is mostly wrong. */
const NEEDED_TOOLS = 3;

/**
 * Chooses the tools that an engine sees, from message to message. Earlier tools stay in the list while they are likely
 * enough: then a follow-up like "and the south one?" finds its tool, and the engine can reuse the beginning of the
 * prompt.
 */
export class ToolShortlist {
  #before: readonly string[] = [];

  /** Returns at most `count` tools of a list for a message. The list must not change, because it is read only once. */
  choose(message: string, tools: readonly EngineTool[], count: number): EngineTool[] {
    const ranking = ToolRanking.of(tools);
    const found = ranking.find(message);
    const before = ranking.named(this.#before).slice(0, count);
    const needed = found.slice(0, Math.min(NEEDED_TOOLS, count));
    if (before.length === Math.min(count, tools.length) && needed.every((tool) => before.includes(tool))) return before;
    const order = new Set([...found.slice(0, count), ...before, ...found]);
    for (const tool of ranking.byName) {
      if (order.size >= count) break;
      order.add(tool);
    }
    const chosen = [...order].slice(0, count);
    if (found.length > 0) this.#before = chosen.map(({ name }) => name);
    return chosen;
  }
}
