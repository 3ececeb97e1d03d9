import { cutText } from "@nanoagent/models";
import { embeddingsNotSupported, normalize } from "../../embeddings.js";
import type { ServerConnection } from "../http/server-connection.js";
import { RemoteEngineError } from "../remote-engine-error.js";
import type { RemoteServer } from "./remote-server.js";

/** Texts per request. The response has up to 4000 numbers per text and must fit in the size limit. */
const TEXTS_AT_ONCE = 16;
/** Statuses of servers without embeddings: unknown path, or not supported by this model. */
const withoutEmbeddings: readonly number[] = [404, 405, 501];

/** Embeds texts. Throws {@link RemoteEngineError}, and `embeddings-not-supported`. */
export async function embedByServer(
  connection: ServerConnection,
  { kind, model }: RemoteServer,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<number[][]> {
  const isOllama = kind === "ollama";
  const vectors: number[][] = [];
  for (let at = 0; at < texts.length; at += TEXTS_AT_ONCE) {
    const input = texts.slice(at, at + TEXTS_AT_ONCE);
    // By default, Ollama truncates long texts.
    const body = isOllama ? { model, input, truncate: false } : { model, input, encoding_format: "float" };
    const milliseconds = connection.timeouts.firstPieceMilliseconds;
    const answer = await connection.ask(isOllama ? "/api/embed" : "/v1/embeddings", { body, signal, milliseconds });
    const { status, value, refusal } = answer;
    if (withoutEmbeddings.includes(status))
      throw embeddingsNotSupported("openai-compatible", refusal?.reason ?? undefined);
    if (refusal !== null) throw refusal;
    // Some servers respond with 200 to unknown paths.
    const { error } = Object(value) as { error?: unknown };
    if (typeof error === "string") throw embeddingsNotSupported("openai-compatible", cutText(error, 200));
    const found = isOllama ? ollamaVectors(value) : openaiVectors(value, input.length);
    const size = (vectors[0] ?? found[0])?.length ?? 0;
    if (found.length !== input.length || size === 0 || !found.every((vector) => isVector(vector, size))) {
      throw RemoteEngineError.protocol(connection.label, "did not send one embedding per text");
    }
    vectors.push(...found.map((vector) => normalize(vector as number[])));
  }
  return vectors;
}

function ollamaVectors(value: unknown): unknown[][] {
  const { embeddings } = Object(value) as { embeddings?: unknown };
  return Array.isArray(embeddings) ? embeddings : [];
}

/** Returns the vectors in the order of the texts, by their `index`. */
function openaiVectors(value: unknown, count: number): unknown[][] {
  const { data } = Object(value) as { data?: unknown };
  const vectors: unknown[][] = [];
  for (const [place, item] of (Array.isArray(data) ? data : []).slice(0, count).entries()) {
    const { index = place, embedding } = Object(item) as { index?: unknown; embedding?: unknown };
    if (Number.isInteger(index) && Array.isArray(embedding)) vectors[index as number] = embedding;
  }
  return Array.from(vectors.slice(0, count), (vector) => vector ?? []);
}

function isVector(vector: unknown, size: number): boolean {
  return Array.isArray(vector) && vector.length === size && vector.every((number) => Number.isFinite(number));
}
