import { contextOf, listOf, objectOf, textOf } from "../../../json/read-json.js";
import type { ServerConnection } from "../http/server-connection.js";
import { probe } from "./probe.js";

/** What Ollama says of one model. */
export interface OllamaModel {
  /** The largest context that the model was made for. */
  trainedContext: number | null;
  /** The context that it is loaded with, or else the one that its Modelfile asks for. */
  ownContext: number | null;
  tools: boolean | null;
}

/** Is this Ollama, or a server that offers its API? */
export async function isOllama(connection: ServerConnection, signal: AbortSignal): Promise<boolean> {
  const { value } = await probe(connection, "/api/version", signal);
  return textOf(objectOf(value).version) !== null;
}

/** What the server says of a model; null where it has no such question. */
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

/** The key is called after the model's architecture: `llama.context_length`. */
function trainedContextOf(modelInfo: Readonly<Record<string, unknown>>): number | null {
  const architecture = textOf(modelInfo["general.architecture"]);
  return architecture === null ? null : contextOf(modelInfo[`${architecture}.context_length`]);
}

/** Another context than that of the loaded model would have it loaded anew. */
async function loadedContext(connection: ServerConnection, model: string, signal: AbortSignal): Promise<number | null> {
  const { value } = await probe(connection, "/api/ps", signal);
  const running = listOf(objectOf(value).models).map(objectOf);
  const own = running.find((entry) => entry.name === model || entry.model === model);
  return contextOf(own?.context_length);
}

/** Parameters come as the lines of a Modelfile: `num_ctx 8192`. */
function contextOfModelfile(parameters: string): number | null {
  const match = /^num_ctx\s+(\d+)\s*$/m.exec(parameters);
  return match === null ? null : contextOf(Number(match[1]));
}
