import { readBoundedText, type UnreadableText } from "../files/read-bounded-text.js";
import { InvalidConfigError } from "./invalid-config-error.js";

/**
 * Largest config file. A thousand intents with their sentences take a third of this. A malicious text can keep the YAML
 * parser busy for seconds per megabyte.
 */
export const MAX_CONFIG_BYTES = 256 * 1024;

const IS_MODEL = "If this is a model, set model_path to it in a config file.";
/** Hints for a file that is not a config. */
const hints: Partial<Record<UnreadableText["kind"], string>> = {
  folder: "Pass a file in it, such as agent.yaml.",
  irregular: "Save the config to a file first.",
  "too-large": IS_MODEL,
  binary: IS_MODEL,
};

/** Reads the text of a config file: UTF-8 or UTF-16, with or without a byte order mark, up to the size limit. */
export async function readConfigText(file: string): Promise<string> {
  const read = await readBoundedText(file, MAX_CONFIG_BYTES);
  if ("text" in read) return read.text;
  const { kind, reason, hint, cause } = read;
  throw InvalidConfigError.unreadable(file, reason, hints[kind] ?? hint, cause);
}
