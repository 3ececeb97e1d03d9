import type { EngineTool } from "../engines/engine.js";
import { rankTools } from "./rank-tools.js";

/** So many of the likeliest tools are there in any case; a model that chooses another one is mostly wrong. */
const NEEDED_TOOLS = 3;

/**
 * Which of many tools an engine is told of, from message to message. What it was told of before stays where that is
 * likely enough: a message like "and the south one?" finds its tool again, and a prompt that begins with the same tools
 * is not read again.
 */
export class ToolShortlist {
  #before: readonly string[] = [];

  /** At most `count` of the tools for a message. */
  choose(message: string, tools: readonly EngineTool[], count: number): EngineTool[] {
    const ranked = rankTools(message, tools);
    const found = ranked.filter(({ score }) => score > 0).map(({ tool }) => tool);
    const before = tools.filter(({ name }) => this.#before.includes(name)).slice(0, count);
    const needed = found.slice(0, Math.min(NEEDED_TOOLS, count));
    if (before.length === Math.min(count, tools.length) && needed.every((tool) => before.includes(tool))) return before;
    const order = new Set([...found.slice(0, count), ...before, ...ranked.map(({ tool }) => tool)]);
    const chosen = [...order].slice(0, count);
    if (found.length > 0) this.#before = chosen.map(({ name }) => name);
    return chosen;
  }
}
