import type { CommandToolSettings, NanoAgentConfig } from "@nanoagent/models";
import type { Tool } from "@nanoagent/runtime";
import { commandTool } from "@nanoagent/runtime/node";
import { ToolSet } from "@nanoagent/runtime/program";
import { checkProgram } from "./check-program.js";
import type { CheckedPart, CheckReport } from "./check-report.js";

/** Tool of a config that has no errors. */
export type CheckedTool = Tool;

const permissionWords = { always: "always allowed", ask: "asks first", never: "never allowed" };

/** Checks the config's tools and returns the usable ones. With `isHere`, also checks that their programs exist. */
export async function checkTools(
  report: CheckReport,
  config: NanoAgentConfig,
  isHere: boolean,
): Promise<readonly CheckedTool[]> {
  const { tools: commands = [] } = config;
  if (commands.length === 0) return [];
  const part = report.part("Tools");
  const tools: CheckedTool[] = [];
  for (const [index, settings] of commands.entries()) {
    const tool = await openTool(part, index, settings);
    if (tool === null) continue;
    if (tools.some(({ name }) => name === tool.name)) {
      part.error(["tools", index, "name"], {
        code: "invalid-tool",
        message: `Two tools are named "${tool.name}".`,
        hint: "Rename one of them.",
      });
      continue;
    }
    tools.push(tool);
    if (isHere) await checkProgram(part, ["tools", index], `The tool "${tool.name}"`, settings);
    checkUse(part, index, tool, config);
  }
  part.summary = tools.map(({ name, permission }) => `${name} (${permissionWords[permission]})`).join(", ");
  return tools;
}

async function openTool(part: CheckedPart, index: number, settings: CommandToolSettings): Promise<Tool | null> {
  try {
    const tool = commandTool(settings, process.cwd());
    await ToolSet.open([tool]);
    return tool;
  } catch (error) {
    part.reject(["tools", index], error);
    return null;
  }
}

/** Warns if nothing can call the tool, or if its permission forbids the call. */
function checkUse(part: CheckedPart, index: number, { name, permission }: Tool, config: NanoAgentConfig): void {
  const byIntent = config.intents?.definitions.some(({ tool }) => tool === name) === true;
  const byEngine = config.spec.capabilities.includes(name);
  const byTrigger = config.triggers?.some(({ do: act }) => "tool" in act && act.tool === name) === true;
  if (!byIntent && !byEngine && !byTrigger) {
    part.warn(["tools", index, "name"], {
      code: "tool-not-used",
      message: `The tool "${name}" is not used.`,
      hint: "Name it in an intent or a trigger, or in spec.capabilities to let the model call it.",
    });
  } else if (permission === "never" && (byIntent || byEngine)) {
    part.warn(["tools", index, "permission"], {
      code: "tool-not-permitted",
      message: `The tool "${name}" is named ${byIntent ? "in an intent" : "in spec.capabilities"}, but its permission is never.`,
    });
  }
}
