import type { NanoAgentConfig } from "@nanoagent/models";
import { MIN_USEFUL_CONTEXT_TOKENS } from "@nanoagent/optimizer";
import type { Skill } from "@nanoagent/runtime/node";
import { adviseOnContext, estimateFixedCost, namesOfSkill, openSkills, wholeContext } from "@nanoagent/runtime/program";
import type { CheckReport } from "./check-report.js";
import type { CheckedTool } from "./check-tools.js";

/** Is there room for a message in the model's context, beside the instructions, the skills and the tools? */
export async function checkContext(
  report: CheckReport,
  { instructions, spec, engine }: NanoAgentConfig,
  { skills, tools }: { skills: readonly Skill[]; tools: readonly CheckedTool[] },
): Promise<void> {
  if (report.model === null) return;
  const { context_tokens, model } = report.model.plan;
  const contextTokens = wholeContext(context_tokens);
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
  const isShort = typeof engine?.context === "number" && engine.context < MIN_USEFUL_CONTEXT_TOKENS;
  const filler = instructions === undefined ? ["spec", "capabilities"] : ["instructions"];
  part[isCertain ? "error" : "warn"](isShort ? ["engine", "context"] : filler, {
    code: "context-exceeded",
    message: `The instructions, with skills and tools, take ${isCertain ? `at least ${least}` : `about ${likely}`} tokens; the context of ${contextTokens} has ${budget} for them and the message.`,
    hint: adviseOnContext({ fixedTokens: likely, budget, trainedTokens: model.training_context_tokens }),
  });
}
