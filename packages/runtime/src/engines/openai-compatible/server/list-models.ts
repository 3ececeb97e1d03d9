import { contextOf, listOf, objectOf, textOf } from "../../../json/read-json.js";
import type { ServerConnection } from "../http/server-connection.js";
import { RemoteEngineError } from "../remote-engine-error.js";
import { type NanoagentModel, readNanoagentModel } from "./nanoagent-model.js";

/** A model in the list of `/v1/models`. */
export interface ListedModel {
  id: string;
  aliases: readonly string[];
  ownedBy: string | null;
  /** Context size as reported by vLLM. */
  maxModelLength: number | null;
  /** Context size as reported by llama-server, and the one that the model was trained for. */
  metaContext: number | null;
  metaTrainedContext: number | null;
  /** Facts of an entry of another nanoagent, otherwise null. */
  nanoagent: NanoagentModel | null;
}

/**
 * Returns the models of a server, or null if it has no list. Throws if the server is unreachable or rejects the key.
 */
export async function listModels(connection: ServerConnection, signal: AbortSignal): Promise<ListedModel[] | null> {
  const { status, value, refusal } = await connection.ask("/v1/models", { signal });
  if (refusal !== null) {
    if (status === 404 || status === 405 || status === 501) return null;
    throw refusal;
  }
  const { data = Array.isArray(value) ? value : objectOf(value).models } = objectOf(value);
  if (value === undefined) {
    throw RemoteEngineError.protocol(connection.label, "responded to /v1/models with invalid JSON");
  }
  // Without models, Ollama sends null instead of a list.
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
      nanoagent: readNanoagentModel(model),
    };
  });
}
