import { readFile, stat } from "node:fs/promises";
import type { TrustedKey } from "@nanoagent/fleet/bundles";
import { listOf } from "../command-line/check-values.js";
import type { OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";

/** Largest file of keys. A public key has 113 bytes. */
const MAX_KEY_FILE_BYTES = 64 * 1024;

/** Returns the path of the second operand. Throws {@link UsageError} if it is not a file, or with `isFolder` not a folder. */
export async function pathOperand(values: OptionValues, { isFolder = false } = {}): Promise<string> {
  const file = String(values.path);
  const kind = isFolder ? "folder" : "file";
  const status = await stat(file).catch((error: { code?: string }) => error);
  if (!("isFile" in status)) {
    const isMissing = status.code === "ENOENT" || status.code === "ENOTDIR";
    const reason = isMissing ? `No ${kind} has this path.` : `The system reports ${status.code ?? String(status)}.`;
    throw new UsageError({ message: `${file} cannot be used.`, reason, hint: `Pass the path of a ${kind}.` });
  }
  if (isFolder ? status.isDirectory() : status.isFile()) return file;
  throw new UsageError({ message: `${file} is not a ${kind}.`, hint: `Pass the path of a ${kind}.` });
}

/** Reads the keys of `--trust`. Throws {@link UsageError} for a file that cannot be read, and `signing-key-invalid`. */
export async function readTrustOption(values: OptionValues): Promise<readonly TrustedKey[]> {
  const { readTrustedKeys } = await import("@nanoagent/fleet/bundles");
  const keys: TrustedKey[] = [];
  for (const file of listOf(values.trust)) {
    const text = await readKeyFile("--trust", file);
    keys.push(...(await inKeyFile(file, () => readTrustedKeys([text]))));
  }
  return keys;
}

/** Reads the text of a key's file. Throws {@link UsageError}, which names the option. */
export async function readKeyFile(option: string, file: string): Promise<string> {
  let status: Awaited<ReturnType<typeof stat>>;
  try {
    status = await stat(file);
    if (status.isFile() && status.size <= MAX_KEY_FILE_BYTES) return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    const reason = code === "ENOENT" ? "The file does not exist." : `The system reports ${code ?? String(error)}.`;
    throw new UsageError({ message: `${option} ${file} cannot be read.`, reason, hint: "Pass the PEM file of a key." });
  }
  const reason = status.isFile() ? "It is too large for a key." : "It is not a file.";
  throw new UsageError({ message: `${option} ${file} cannot be read.`, reason, hint: "Pass the PEM file of a key." });
}

/** Adds the name of the key's file to an error about the key. */
export async function inKeyFile<Result>(file: string, read: () => Result | Promise<Result>): Promise<Result> {
  const { FleetError } = await import("@nanoagent/fleet/bundles");
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== "signing-key-invalid") throw error;
    const { code, reason, hint, cause } = error;
    throw new FleetError({
      code,
      message: `The key ${file} cannot be used.`,
      reason: reason ?? undefined,
      hint: hint ?? undefined,
      cause,
    });
  }
}
