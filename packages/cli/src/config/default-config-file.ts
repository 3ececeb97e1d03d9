import { stat } from "node:fs/promises";
import { UsageError } from "../errors/usage-error.js";

/** Config that commands read and `init` writes by default. */
export const DEFAULT_CONFIG_FILE = "agent.yaml";

/** Returns whether the working directory has a default config. */
export async function hasDefaultConfig(): Promise<boolean> {
  return (await stat(DEFAULT_CONFIG_FILE).catch(() => null)) !== null;
}

/** Returns the path of the default config. Throws {@link UsageError} with the message `needs` if it does not exist. */
export async function findDefaultConfig(needs: string): Promise<string> {
  if (await hasDefaultConfig()) return DEFAULT_CONFIG_FILE;
  throw new UsageError({
    message: needs,
    reason: `This folder has no ${DEFAULT_CONFIG_FILE}, which is the default config.`,
    hint: "Pass a path, or create the file with nanoagent init.",
  });
}
