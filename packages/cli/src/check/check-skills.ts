import type { NanoAgentConfig } from "@nanoagent/models";
import { readSkills, type Skill } from "@nanoagent/runtime/node";
import type { CheckReport } from "./check-report.js";

/** Checks and returns the skills in the config's skills folder. */
export async function checkSkills(
  report: CheckReport,
  { skills_dir, spec }: NanoAgentConfig,
): Promise<readonly Skill[]> {
  if (skills_dir === undefined) return [];
  const part = report.part("Skills");
  try {
    const { skills, issues } = await readSkills(skills_dir, { wanted: spec.capabilities });
    part.summary = skills.map(({ name }) => name).join(", ") || `none in ${skills_dir}`;
    for (const { code, message, hint } of issues) part.warn(["skills_dir"], { code, message, hint });
    return skills;
  } catch (error) {
    part.summary = skills_dir;
    part.reject(["skills_dir"], error);
    return [];
  }
}
