import type { ScenarioTool } from "@nanoagent/models";
import { checkValue } from "../json-schema/check-value.js";
import type { SchemaNode } from "../json-schema/schema-node.js";
import type { Tool } from "../tools/tool.js";
import { fakeTool, readParameters } from "./fake-tools.js";
import type { ObservedCall } from "./judge-turn.js";

/** Fake tools and the record of their calls, including calls that could not run. */
export class ToolWitness {
  readonly tools: readonly Tool[];
  readonly #nodes: ReadonlyMap<string, SchemaNode>;
  #calls: ObservedCall[] = [];

  /** Throws `InvalidToolError` and `SchemaNotSupportedError` for tools that an agent cannot have. */
  constructor(tools: readonly ScenarioTool[]) {
    this.tools = tools.map((tool) =>
      fakeTool(tool, (input) => this.#calls.push({ name: tool.name, arguments: input, issue: null })),
    );
    this.#nodes = new Map(tools.map((tool) => [tool.name, readParameters(tool)]));
  }

  /** Starts the record of a turn. Returns the list that its calls are added to. */
  begin(): ObservedCall[] {
    this.#calls = [];
    return this.#calls;
  }

  /** Adds a call that cannot run. Other calls are added when they run. */
  check(name: string, given: unknown): void {
    const issue = this.#issueOf(name, given);
    if (issue !== null) this.#calls.push({ name, arguments: given, issue });
  }

  #issueOf(name: string, given: unknown): string | null {
    const node = this.#nodes.get(name);
    if (node === undefined) return "there is no such tool";
    const [issue] = checkValue(node, given);
    return issue === undefined ? null : `${issue.path || "/"} ${issue.message}`;
  }
}
