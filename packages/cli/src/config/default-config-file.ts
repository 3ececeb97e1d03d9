import { stat } from "node:fs/promises";
import { UsageError } from "../errors/usage-error.js";

/** The config that commands read, and that `init` writes, when none is named. */
export const DEFAULT_CONFIG_FILE = "agent.yaml";

/** Whether there is such a config in this folder. */
export async function hasDefaultConfig(): Promise<boolean> {
  return (await stat(DEFAULT_CONFIG_FILE).catch(() => null)) !== null;
}

/** The same where it is there. Throws {@link UsageError} where it is not: `needs` says what should have been given. */
export async function findDefaultConfig(needs: string): Promise<string> {
  if (await hasDefaultConfig()) return DEFAULT_CONFIG_FILE;
  throw new UsageError({
    message: needs,
    reason: `There is no ${DEFAULT_CONFIG_FILE} in this folder, which would be taken.`,
    hint: "nanoagent init writes one.",
  });
}
