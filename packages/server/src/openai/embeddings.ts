import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import { fieldOf, readBody, readText, shown, wrongType } from "../requests/request-fields.js";
import type { ServedAgent } from "../service/served-agent.js";
import { readModelId } from "./reply-request.js";

/** Most texts of a request: OpenAI's own limit. LangChain sends 512. */
const MAX_TEXTS = 2048;

type Encoding = "float" | "base64";

/** The reply of `POST /v1/embeddings`. */
export interface EmbeddingReply {
  object: "list";
  data: { object: "embedding"; index: number; embedding: readonly number[] | string }[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

/** Embeds the texts of a request. Throws {@link ServiceError}, and the errors of {@link ServedAgent.embed}. */
export async function embed(request: HttpRequest, served: ServedAgent): Promise<EmbeddingReply> {
  served.answering.checkPlace();
  const body = readBody(await request.json());
  const model = served.findModel(readModelId(body));
  const encoding = readEncoding(readText(body, "encoding_format"));
  if (fieldOf(body, "dimensions") !== undefined) {
    throw ServiceError.invalid(
      "dimensions",
      "dimensions is not available. The model decides the size of its vectors.",
      "Leave dimensions out.",
    );
  }
  const texts = readTexts(fieldOf(body, "input"));
  const vectors = await served.embed(texts, request.signal);
  const data = vectors.map((vector, index) => {
    const embedding = encoding === "float" ? vector : encodeVector(vector);
    return { object: "embedding" as const, index, embedding };
  });
  const tokens = await served.countTokens(texts);
  return { object: "list", data, model: model.id, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

function readEncoding(value = "float"): Encoding {
  if (value === "float" || value === "base64") return value;
  throw wrongType("encoding_format", '"float" or "base64"', value);
}

function readTexts(input: unknown): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.length === 0) throw wrongType("input", "a text or a list of texts", input, "Send at least one text.");
  if (texts.some((text) => typeof text === "number" || Array.isArray(text))) {
    throw ServiceError.invalid(
      "input",
      "input has token ids, which are those of another model.",
      "Send the texts themselves. In LangChain for Python, set check_embedding_ctx_length=False.",
    );
  }
  if (texts.length > MAX_TEXTS) {
    throw ServiceError.invalid("input", `input has ${texts.length} texts. The limit is ${MAX_TEXTS}.`, "Send fewer.");
  }
  return texts.map((text, index) => {
    const param = Array.isArray(input) ? `input[${index}]` : "input";
    if (typeof text !== "string") throw wrongType(param, "a text", text, "Send a text or a list of texts.");
    if (text.trim() !== "") return text;
    throw ServiceError.invalid(param, `${param} must not be blank, but is ${shown(text)}.`, "Leave out blank texts.");
  });
}

/** Returns a vector as base64 of little-endian 32-bit floats, which OpenAI's clients ask for. */
function encodeVector(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT);
  return bytes.toString("base64");
}
