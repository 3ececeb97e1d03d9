import type { CheckedPart, ConfigPath } from "./check-report.js";

/** Warns of an environment variable that holds a secret and is not set here. `what` is the secret, such as "The token". */
export function checkVariable(part: CheckedPart, path: ConfigPath, name: string | undefined, what: string): void {
  if (name === undefined) return;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    // It may be the secret itself, so it is not repeated.
    part.error(path, {
      code: "invalid-config",
      message: "This is not the name of an environment variable.",
      hint: "Write a name of letters, digits and _, and put the secret into that variable.",
    });
  } else if (!process.env[name]?.trim()) {
    part.warn(path, {
      code: "variable-not-set",
      message: `${what} is in the environment variable ${name}, which is not set here.`,
      hint: `Set ${name} where the service runs.`,
    });
  }
}
