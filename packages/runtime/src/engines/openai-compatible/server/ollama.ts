import { contextOf, listOf, objectOf, textOf } from "../../../json/read-json.js";
import type { ServerConnection } from "../http/server-connection.js";
import { probe } from "./probe.js";

/** Properties of a model from Ollama. */
export interface OllamaModel {
  /** Longest context that the model was trained for. */
  trainedContext: number | null;
  /** Context that the model is loaded with, otherwise the one in its Modelfile. */
  ownContext: number | null;
  tools: boolean | null;
}

/** Whether the server is Ollama, or one that implements its API. */
export async function isOllama(connection: ServerConnection, signal: AbortSignal): Promise<boolean> {
  const { value } = await probe(connection, "/api/version", signal);
  return textOf(objectOf(value).version) !== null;
}

/** Returns the properties of a model, or null if the server does not support the request. */
export async function askOllama(
  connection: ServerConnection,
  model: string,
  signal: AbortSignal,
): Promise<OllamaModel | null> {
  const { value, refusal } = await connection.ask("/api/show", { body: { model }, signal });
  const shown = objectOf(value);
  if (refusal !== null || (shown.model_info === undefined && shown.details === undefined)) return null;
  const capabilities = shown.capabilities === undefined ? null : listOf(shown.capabilities);
  return {
    trainedContext: trainedContextOf(objectOf(shown.model_info)),
    ownContext: (await loadedContext(connection, model, signal)) ?? contextOfModelfile(textOf(shown.parameters) ?? ""),
    tools: capabilities === null ? null : capabilities.includes("tools"),
  };
}

/** The key contains the model's architecture: `llama.context_length`. */
function trainedContextOf(modelInfo: Readonly<Record<string, unknown>>): number | null {
  const architecture = textOf(modelInfo["general.architecture"]);
  return architecture === null ? null : contextOf(modelInfo[`${architecture}.context_length`]);
}

/** Returns the context of a loaded model. Requesting another size would reload the model. */
async function loadedContext(connection: ServerConnection, model: string, signal: AbortSignal): Promise<number | null> {
  const { value } = await probe(connection, "/api/ps", signal);
  const running = listOf(objectOf(value).models).map(objectOf);
  const own = running.find((entry) => entry.name === model || entry.model === model);
  return contextOf(own?.context_length);
}

/** Reads the context from parameters, which are lines of a Modelfile: `num_ctx 8192`. */
function contextOfModelfile(parameters: string): number | null {
  const match = /^num_ctx\s+(\d+)\s*$/m.exec(parameters);
  return match === null ? null : contextOf(Number(match[1]));
}
