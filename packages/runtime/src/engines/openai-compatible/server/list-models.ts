import { contextOf, listOf, objectOf, textOf } from "../../../json/read-json.js";
import type { ServerConnection } from "../http/server-connection.js";
import { RemoteEngineError } from "../remote-engine-error.js";

/** A model as `/v1/models` lists it. */
export interface ListedModel {
  id: string;
  aliases: readonly string[];
  ownedBy: string | null;
  /** vLLM says here how large the context is. */
  maxModelLength: number | null;
  /** llama-server says here how large the context is, and how large the model's own. */
  metaContext: number | null;
  metaTrainedContext: number | null;
}

/** What a server lists; null where it has no such list. Throws where it cannot be reached or lets nobody in. */
export async function listModels(connection: ServerConnection, signal: AbortSignal): Promise<ListedModel[] | null> {
  const { status, value, refusal } = await connection.ask("/v1/models", { signal });
  if (refusal !== null) {
    if (status === 404 || status === 405 || status === 501) return null;
    throw refusal;
  }
  const { data = Array.isArray(value) ? value : objectOf(value).models } = objectOf(value);
  if (value === undefined) {
    throw RemoteEngineError.protocol(connection.label, "answered /v1/models with something that is no JSON");
  }
  // Ollama without a model says null where its list would be.
  if (!Array.isArray(data) && data !== null) return null;
  return listOf(data).flatMap((entry) => {
    const model = objectOf(entry);
    const meta = objectOf(model.meta);
    const id = textOf(model.id) || textOf(model.name);
    if (!id) return [];
    return {
      id,
      aliases: listOf(model.aliases).filter((alias) => typeof alias === "string"),
      ownedBy: textOf(model.owned_by),
      maxModelLength: contextOf(model.max_model_len),
      metaContext: contextOf(meta.n_ctx),
      metaTrainedContext: contextOf(meta.n_ctx_train),
    };
  });
}
