import { contextOf, listOf, objectOf, textOf } from "../../../json/read-json.js";
import type { ServerConnection } from "../http/server-connection.js";
import { probe } from "./probe.js";

/** A model in LM Studio's own list. */
export interface LmStudioModel {
  id: string;
  aliases: readonly string[];
  /** Context that the model is loaded with, or null if it is not loaded. */
  loadedContext: number | null;
  /** Longest context that the model supports. */
  maxContext: number | null;
  tools: boolean | null;
}

/** Returns LM Studio's chat models, or null for another server. */
export async function askLmStudio(connection: ServerConnection, signal: AbortSignal): Promise<LmStudioModel[] | null> {
  const { value } = await probe(connection, "/api/v0/models", signal);
  const { data } = objectOf(value);
  if (!Array.isArray(data)) return null;
  return data.map(objectOf).flatMap((model) => {
    const id = textOf(model.id);
    if (!id || model.type === "embeddings") return [];
    return {
      id,
      aliases: [],
      loadedContext: model.state === "loaded" ? contextOf(model.loaded_context_length) : null,
      maxContext: contextOf(model.max_context_length),
      tools: model.capabilities === undefined ? null : listOf(model.capabilities).includes("tool_use"),
    };
  });
}
