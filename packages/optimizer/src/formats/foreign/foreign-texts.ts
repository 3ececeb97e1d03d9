import { cutText } from "@nanoagent/models";
import {
  CONVERT_HINT,
  DOWNLOAD_HINT,
  type FileStart,
  type ForeignFile,
  notModel,
  OTHER_FILE_HINT,
} from "./foreign-file.js";

/** Most characters of a text file that a message quotes. */
const MAX_QUOTED_CHARACTERS = 100;
const ANSWER_HINT =
  "Download the model again. If its license must be accepted, accept it on the model's page and download with a token " +
  "of that account.";
const LINK_HINT = "Fetch the file itself: ";
/** Longest text that counts as an answer of a server. */
const MAX_ANSWER_BYTES = 2048;

/** Returns the kind of a text file; null for a binary file. */
export function fileByText({ bytes, text: latin, path }: FileStart): ForeignFile | null {
  const text = decode(bytes);
  if (text === null) return null;
  const trimmed = text.trim();
  if (trimmed === "") return notModel("contains only blanks", "Download it again.");
  if (/^<(!doctype html|html|head|body|!--)/i.test(trimmed) || /^<\?xml[^>]*>\s*<(!doctype html|html)/i.test(trimmed)) {
    return notModel(`is a web page (HTML)${titleOf(trimmed)}`, DOWNLOAD_HINT);
  }
  if (/^<net\b|^<\?xml[^>]*>\s*<net\b/i.test(trimmed)) {
    return { problem: "is a model description of OpenVINO", hint: OTHER_FILE_HINT, fault: "other-format" };
  }
  if (trimmed.startsWith("<")) {
    const message = /<message>([^<]{1,200})/i.exec(trimmed)?.[1];
    return notModel(`is an XML answer of a server${message === undefined ? "" : `: ${quote(message)}`}`, ANSWER_HINT);
  }
  const pointer = pointerTo(trimmed, path);
  if (pointer !== null) return pointer;
  if (/^\[(InternetShortcut|Desktop Entry)\]/i.test(trimmed)) return notModel("is a shortcut to a page", DOWNLOAD_HINT);
  if (/^[[{]/.test(trimmed)) return describeJson(trimmed, path);
  if (/^#!/.test(trimmed)) return notModel("is a script, not a model");
  if (/^FROM\s/im.test(trimmed) && !/^---/.test(trimmed)) {
    return notModel("is an Ollama Modelfile, which only describes a model", "Use the .gguf file in its FROM line.");
  }
  if (/^---\s*\n/.test(text) || /\.md$/i.test(path)) return notModel("is a model card, which only describes a model");
  const isShort = latin.length < MAX_ANSWER_BYTES;
  return notModel(
    `is a text${isShort ? ", not a model" : ""}: ${quote(trimmed)}`,
    isShort ? ANSWER_HINT : OTHER_FILE_HINT,
  );
}

/** Decodes UTF-8 or UTF-16; null if the result contains characters that do not occur in text. */
function decode(bytes: Uint8Array): string | null {
  if (bytes.length < 3) return null;
  const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const encoding = isWide ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8";
  // The last character may be cut off.
  const text = new TextDecoder(encoding).decode(bytes).replace(/\ufffd$/, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters indicate binary data.
  return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/.test(text) ? null : text;
}

function pointerTo(text: string, path: string): ForeignFile | null {
  if (text.startsWith("version https://git-lfs.github.com/spec/")) {
    const bytes = /^size (\d{1,15})$/m.exec(text)?.[1];
    const target = bytes === undefined ? "" : ` to a file of ${bytes} bytes`;
    return notModel(`is a Git LFS pointer${target}`, `${LINK_HINT}git lfs pull, in the folder of the repository.`);
  }
  if (/^# xet version/.test(text)) {
    return notModel("is a Xet pointer to a file on Hugging Face", `${LINK_HINT}hf download, or from the model's page.`);
  }
  if (/^\S*annex\/objects\//.test(text)) {
    return notModel("is a git-annex pointer", `${LINK_HINT}git annex get, in the folder of the repository.`);
  }
  if (/^(outs|deps):\s*\n/.test(text) || /\.dvc$/i.test(path)) {
    return notModel("is a DVC pointer", `${LINK_HINT}dvc pull, in the folder of the repository.`);
  }
  if (/^(\.{0,2}[/\\])?[^\s"{}<>]{1,300}[/\\](blobs[/\\])?[^\s"{}<>]{1,200}$/.test(text) && !/^https?:/.test(text)) {
    return notModel(
      `contains only the text of a link to ${quote(text)}`,
      "Use the file that it points to, or copy the folder together with its links.",
    );
  }
  if (/^(https?|magnet|hf):\S+$/.test(text)) {
    return notModel(`contains only an address: ${quote(text)}`, "Download the file at that address.");
  }
  return null;
}

/** Kinds of JSON files that accompany models, by a key near the beginning. */
const JSON_KINDS: readonly [RegExp, string, string?][] = [
  [/"weight_map"\s*:/, "is the index of a model in safetensors files", CONVERT_HINT],
  [/"added_tokens"\s*:|"truncation"\s*:/, "is a tokenizer, which only splits text into tokens"],
  [/"tokenizer_class"\s*:|"chat_template"\s*:/, "is the configuration of a tokenizer"],
  [/"peft_type"\s*:|"lora_alpha"\s*:/, "is the configuration of a LoRA adapter"],
  [/"architectures"\s*:|"model_type"\s*:/, "is the configuration of a model, without its weights"],
  [/"nbformat"|"cells"\s*:/, "is a notebook"],
];

function describeJson(text: string, path: string): ForeignFile {
  if (/vnd\.ollama\.image|vnd\.docker\.distribution\.manifest/.test(text)) {
    const digest = /vnd\.ollama\.image\.model"[^}]*?"digest"\s*:\s*"sha256:([0-9a-f]{64})"/.exec(text)?.[1];
    const hint = digest === undefined ? "the largest file in blobs" : `blobs/sha256-${digest}`;
    return notModel(
      "is an Ollama manifest, which only lists the files of a model",
      `Use ${hint} in Ollama's model folder.`,
    );
  }
  // An error key near the beginning indicates an answer of a server instead of the requested file.
  const error = /^\{\s*"(?:error|errors|detail|message|code|status|statusCode)"\s*:[^"]*"?([^"]{0,200})/.exec(
    text,
  )?.[1];
  if (error !== undefined) return notModel(`is a JSON answer of a server: ${quote(error || text)}`, ANSWER_HINT);
  for (const [key, problem, hint] of JSON_KINDS) if (key.test(text)) return notModel(problem, hint);
  if (/tokenizer|vocab/i.test(path)) return notModel("is a tokenizer or a vocabulary, without weights");
  return notModel("is JSON, not a model", "Use the model file itself, not a JSON file beside it.");
}

function titleOf(page: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(page)?.[1]?.trim();
  return title ? ` titled ${quote(title)}` : "";
}

function quote(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return JSON.stringify(line.length > MAX_QUOTED_CHARACTERS ? `${cutText(line, MAX_QUOTED_CHARACTERS)}…` : line);
}
