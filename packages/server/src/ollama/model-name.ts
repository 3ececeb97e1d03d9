import { cutText } from "@nanoagent/models";
import { ServiceError } from "../errors/service-error.js";
import { type Fields, readText } from "../requests/request-fields.js";
import type { ServedAgent, ServedModel } from "../service/served-agent.js";

/** Returns the name of a model in Ollama's form, which always has a tag: `agent:latest`. */
export function modelName({ id }: Pick<ServedModel, "id">): string {
  const lastPart = id.slice(id.lastIndexOf("/") + 1);
  return lastPart.includes(":") ? id : `${id}:latest`;
}

/** Reads the name of a model, which old clients send as `name`. Throws {@link ServiceError}. */
export function readModelName(body: Fields): string {
  const name = readText(body, "model") || readText(body, "name");
  if (name) return name;
  throw ServiceError.invalid("model", "The request names no model.", "Send the name of a model of GET /api/tags.");
}

/** Finds the model of a request, in words that Ollama's clients look for. Throws {@link ServiceError}. */
export function findModel(served: ServedAgent, body: Fields): ServedModel {
  const name = readModelName(body);
  try {
    return served.findModel(name);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "model-not-served") throw error;
    const names = served.listModels().map(modelName).join(", ");
    throw new ServiceError({
      code: "model-not-served",
      message: `model '${cutText(name, 200)}' not found.`,
      hint: `This service has: ${names}.`,
      status: 404,
      type: "not_found_error",
      param: "model",
      apiCode: "model_not_found",
      cause: error,
    });
  }
}
