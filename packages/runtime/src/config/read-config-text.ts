import { readBoundedText, type UnreadableText } from "../files/read-bounded-text.js";
import { InvalidConfigError } from "./invalid-config-error.js";

/**
 * A thousand intents with their sentences take a third of this. What is larger is no config, and a text that is made to
 * hurt keeps the YAML parser busy for seconds a megabyte.
 */
export const MAX_CONFIG_BYTES = 256 * 1024;

const IS_MODEL = "Is this a model file? A model goes into model_path.";
/** What to do about a file that is no config at all. */
const hints: Partial<Record<UnreadableText["kind"], string>> = {
  folder: "Name a file in it, such as agent.yaml.",
  irregular: "Save the config to a file first.",
  "too-large": IS_MODEL,
  binary: IS_MODEL,
};

/** The text of a config file: bounded, UTF-8 or UTF-16, with or without a byte order mark. */
export async function readConfigText(file: string): Promise<string> {
  const read = await readBoundedText(file, MAX_CONFIG_BYTES);
  if ("text" in read) return read.text;
  const { kind, reason, hint, cause } = read;
  throw InvalidConfigError.unreadable(file, reason, hints[kind] ?? hint, cause);
}
