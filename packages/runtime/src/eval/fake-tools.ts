import type { ScenarioTool } from "@nanoagent/models";
import { readSchema } from "../json-schema/read-schema.js";
import type { SchemaNode } from "../json-schema/schema-node.js";
import { defineTool } from "../tools/define-tool.js";
import type { Tool } from "../tools/tool.js";

const DEFAULT_RESULT = "done";

/** A tool that does nothing: it tells of its calls, and returns what its scenario file says. */
export function fakeTool(tool: ScenarioTool, onCall: (input: unknown) => void): Tool {
  const { name, description, changes_world: changesWorld = false, result = DEFAULT_RESULT, error } = tool;
  return defineTool({
    name,
    description,
    input: parametersOf(tool),
    changesWorld,
    run: (input) => {
      onCall(input);
      if (error !== undefined) throw new Error(error);
      return result;
    },
  });
}

/** The schema of a tool's arguments. Throws {@link SchemaNotSupportedError} for one that cannot be read. */
export function readParameters(tool: ScenarioTool): SchemaNode {
  return readSchema(parametersOf(tool));
}

function parametersOf({ parameters }: ScenarioTool): object {
  return parameters === undefined
    ? { type: "object", properties: {}, additionalProperties: false }
    : { type: "object", ...parameters };
}
