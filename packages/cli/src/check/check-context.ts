import type { NanoAgentConfig } from "@nanoagent/models";
import type { Skill } from "@nanoagent/runtime/node";
import { adviseOnContext, estimateFixedCost, namesOfSkill, openSkills } from "@nanoagent/runtime/program";
import type { CheckReport } from "./check-report.js";
import type { CheckedTool } from "./check-tools.js";

/** Is there room for a message in the model's context, beside the instructions, the skills and the tools? */
export async function checkContext(
  report: CheckReport,
  { instructions, spec }: NanoAgentConfig,
  { skills, tools }: { skills: readonly Skill[]; tools: readonly CheckedTool[] },
): Promise<void> {
  const contextTokens = report.model?.plan.context_tokens;
  if (contextTokens === undefined) return;
  const isNamed = (names: readonly string[]) => names.some((name) => spec.capabilities.includes(name));
  const opened = await openSkills(skills.filter((skill) => isNamed(namesOfSkill(skill))));
  const offered = [...tools.filter(({ name }) => isNamed([name])), ...(opened === null ? [] : [opened.tool])];
  const cost = estimateFixedCost(
    {
      instructions: [instructions, opened?.instructions].filter(Boolean).join("\n\n"),
      tools: offered.map(({ name, description, inputSchema }) => JSON.stringify({ name, description, inputSchema })),
    },
    contextTokens,
  );
  if (cost === null) return;
  const { least, likely, budget } = cost;
  const part = report.part("Context");
  part.summary = `about ${likely} of ${budget} tokens are taken before the first message`;
  const isCertain = least >= budget;
  part[isCertain ? "error" : "warn"](instructions === undefined ? ["spec", "capabilities"] : ["instructions"], {
    code: "context-exceeded",
    message: `The instructions, with skills and tools, take ${isCertain ? `at least ${least}` : `about ${likely}`} tokens; the context of ${contextTokens} has ${budget} for them and the message.`,
    hint: adviseOnContext(likely, budget),
  });
}
