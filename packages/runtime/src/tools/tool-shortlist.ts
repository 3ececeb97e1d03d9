import type { EngineTool } from "../engines/engine.js";
import { ToolRanking } from "./rank-tools.js";

/** So many of the likeliest tools are there in any case; a model that chooses another one is mostly wrong. */
const NEEDED_TOOLS = 3;

/**
 * Which of many tools an engine is told of, from message to message. What it was told of before stays where that is
 * likely enough: a message like "and the south one?" finds its tool again, and a prompt that begins with the same tools
 * is not read again.
 */
export class ToolShortlist {
  #before: readonly string[] = [];

  /** At most `count` of the tools of a list for a message. The list must not change; its tools are read once. */
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
