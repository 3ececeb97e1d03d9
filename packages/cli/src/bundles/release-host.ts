import path from "node:path";
import type { PlacedRelease, ReleaseHost } from "@nanoagent/fleet/bundles";
import { readConfig } from "@nanoagent/runtime/node";
import { version } from "../../package.json";
import { isObject } from "../is-object.js";
import { findHostProblems } from "./find-listen-problems.js";
import { findSmokeProblems } from "./find-source-problems.js";
import { hubModelStore } from "./hub-model-store.js";
import { describeEnd, runOwnProgram, sentencesOf } from "./own-program.js";

/**
 * Checks and proves releases in processes of their own, so that an agent that takes too much memory or never ends does no
 * harm to this one. Models come from the store of `nanoagent models`.
 */
export const releaseHost: ReleaseHost = {
  version,
  models: hubModelStore,

  async check(config: string, signal: AbortSignal): Promise<readonly string[]> {
    const end = await runOwnProgram(["check", "--config", config, "--json"], signal);
    const problems = Array.isArray(end.output?.problems) ? end.output.problems : [];
    const errors = problems.filter((problem) => isObject(problem) && problem.severity === "error").map(describeProblem);
    if (errors.length > 0) return errors;
    if (end.exitCode === 0) {
      const smoke = await findSmokeProblems(path.dirname(config));
      return smoke.length > 0 ? smoke : findHostProblems(await readConfig(config));
    }
    return [sentencesOf(end.output?.error) ?? describeEnd(end, "nanoagent check")];
  },

  async prove({ folder }: PlacedRelease, signal: AbortSignal): Promise<string | null> {
    const end = await runOwnProgram(["bundle", "prove", folder, "--json"], signal);
    if (end.exitCode === 0 && end.output?.ok === true) return null;
    if (typeof end.output?.reason === "string") return end.output.reason;
    return sentencesOf(end.output?.error) ?? describeEnd(end, "nanoagent bundle prove");
  },
};

function describeProblem(problem: unknown): string {
  const { key } = problem as { key?: unknown };
  const sentences = sentencesOf(problem) ?? "The config is wrong.";
  return typeof key === "string" && key !== "" ? `${key}: ${sentences}` : sentences;
}
