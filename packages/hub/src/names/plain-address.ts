import type { HubError } from "../hub-error.js";
import { invalidName } from "./invalid-name.js";
import type { AddressName } from "./model-name.js";
import { modelWord } from "./model-word.js";
import { isGgufPath } from "./name-rules.js";

/** Reads the address of a GGUF file. The query stays, since it may be a signature. */
export function fileAddress(text: string, url: URL): AddressName {
  if (addressFileName(url.href) === null) {
    throw invalidName(
      text,
      "The address does not lead to a GGUF file: its path does not end in .gguf.",
      "Write the address of the file itself, such as https://example.org/model.gguf.",
    );
  }
  const file = new URL(url);
  file.hash = "";
  return { source: "address", url: file.href };
}

/** Returns a safe name for the file at an address, which ends in `.gguf`; null if the path of the address does not. */
export function addressFileName(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const last = decodeSegment(new URL(address).pathname.split("/").at(-1) ?? "");
  if (last === null || !isGgufPath(last)) return null;
  const word = modelWord(last);
  return word === null ? null : `${word}.gguf`;
}

/** Returns the error for an address with a user name or password. */
export function credentialsRefused(text: string): HubError {
  return invalidName(
    text,
    "The address contains a user name or a password, which would end up in files and messages.",
    "Remove the part before @. Set HF_TOKEN to a token for Hugging Face.",
  );
}

/** Decodes a segment of an address; null if it is malformed. */
export function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
