import type { NanoAgentConfig } from "@nanoagent/models";
import { MIN_USEFUL_CONTEXT_TOKENS } from "@nanoagent/optimizer";
import type { Skill } from "@nanoagent/runtime/node";
import {
  adviseOnContext,
  estimateFixedCost,
  type FixedTexts,
  largestOffer,
  namesOfSkill,
  openSkills,
  wholeContext,
} from "@nanoagent/runtime/program";
import type { CheckReport } from "./check-report.js";
import type { CheckedTool } from "./check-tools.js";

/** Returns the texts of every request: the instructions, and those skills and tools that take most of it. */
export async function fixedTexts(
  { instructions, spec }: NanoAgentConfig,
  { skills, tools }: { skills: readonly Skill[]; tools: readonly CheckedTool[] },
): Promise<FixedTexts> {
  const isNamed = (names: readonly string[]) => names.some((name) => spec.capabilities.includes(name));
  const opened = await openSkills(skills.filter((skill) => isNamed(namesOfSkill(skill))));
  const offered = [...tools.filter(({ name }) => isNamed([name])), ...(opened === null ? [] : [opened.tool])];
  return {
    instructions: [instructions, opened?.instructions].filter(Boolean).join("\n\n"),
    tools: largestOffer(offered.filter(({ permission }) => permission !== "never")),
  };
}

/** Is there room for a message in the longest context that the model can have, beside the texts of every request? */
export function checkContext(report: CheckReport, { instructions, engine }: NanoAgentConfig, texts: FixedTexts): void {
  if (report.model === null) return;
  const { context_tokens, longest_context_tokens = context_tokens, model } = report.model.plan;
  const isOpen = (engine?.context ?? "auto") === "auto";
  const contextTokens = wholeContext(isOpen ? longest_context_tokens : context_tokens);
  const cost = estimateFixedCost(texts, contextTokens);
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
