import { SamplingSettings } from "@nanoagent/models";
import type { OptionValues } from "../command-line/command.js";
import { samplingFlags } from "../command-line/sampling-flags.js";
import { UsageError } from "../errors/usage-error.js";

/** Returns the config's sampling with the flags of the command line in place of its keys. */
export function refineSampling(
  sampling: SamplingSettings | undefined,
  values: OptionValues,
  command = "run",
): SamplingSettings | undefined {
  const given = Object.keys(samplingFlags).filter((name) => values[name] !== undefined);
  if (given.length === 0) return sampling;
  const flags = Object.fromEntries(
    given.map((name) => [name.replaceAll("-", "_"), name === "stop" ? [values[name]] : values[name]]),
  );
  const checked = SamplingSettings.safeParse(flags);
  if (checked.success) return { ...sampling, ...checked.value };
  const [issue] = checked.issues;
  throw new UsageError({
    message: `--${String(issue?.path[0]).replaceAll("_", "-")}: ${issue?.message}`,
    hint: `nanoagent ${command} --help shows its options.`,
  });
}
