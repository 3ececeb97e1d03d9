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

/** Returns the texts that every request contains: the instructions, and the largest set of skills and tools. */
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

/** Checks that the model's longest context has room for a message beside the fixed texts. */
export function checkContext(report: CheckReport, { instructions, engine }: NanoAgentConfig, texts: FixedTexts): void {
  if (report.model === null) return;
  const { context_tokens, longest_context_tokens = context_tokens, model } = report.model.plan;
  const isOpen = (engine?.context ?? "auto") === "auto";
  const contextTokens = wholeContext(isOpen ? longest_context_tokens : context_tokens);
  const cost = estimateFixedCost(texts, contextTokens);
  if (cost === null) return;
  const { least, likely, budget } = cost;
  const part = report.part("Context");
  part.summary = `about ${likely} of ${budget} tokens are used before the first message`;
  const isCertain = least >= budget;
  const isShort = typeof engine?.context === "number" && engine.context < MIN_USEFUL_CONTEXT_TOKENS;
  const filler = instructions === undefined ? ["spec", "capabilities"] : ["instructions"];
  part[isCertain ? "error" : "warn"](isShort ? ["engine", "context"] : filler, {
    code: "context-exceeded",
    message: `Instructions, skills and tools take ${isCertain ? `at least ${least}` : `about ${likely}`} tokens; the context of ${contextTokens} has ${budget} for them and the message.`,
    hint: adviseOnContext({ fixedTokens: likely, budget, trainedTokens: model.training_context_tokens }),
  });
}
