import type { ScenarioTool } from "@nanoagent/models";
import { readSchema } from "../json-schema/read-schema.js";
import type { SchemaNode } from "../json-schema/schema-node.js";
import { defineTool } from "../tools/define-tool.js";
import type { Tool } from "../tools/tool.js";

const DEFAULT_RESULT = "done";

/** Creates a fake tool: it reports its calls and returns the result from the scenario file. */
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

/** Reads the schema of a tool's arguments. Throws {@link SchemaNotSupportedError} for an unsupported one. */
export function readParameters(tool: ScenarioTool): SchemaNode {
  return readSchema(parametersOf(tool));
}

function parametersOf({ parameters }: ScenarioTool): object {
  return parameters === undefined
    ? { type: "object", properties: {}, additionalProperties: false }
    : { type: "object", ...parameters };
}
