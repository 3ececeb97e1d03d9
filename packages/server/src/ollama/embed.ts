import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import { type Fields, fieldOf, readBody, readText, wrongType } from "../requests/request-fields.js";
import type { ServedAgent } from "../service/served-agent.js";
import { findModel, readModelName } from "./model-name.js";
import { ReplyClock } from "./reply-figures.js";

/** Answers `/api/embed`: one vector of length 1 for each text. Throws {@link ServiceError} and the errors of `embed`. */
export async function embedTexts(request: HttpRequest, served: ServedAgent): Promise<object> {
  served.answering.checkPlace();
  const body = readBody(await request.json());
  findModel(served, body);
  const texts = readInput(body);
  const clock = new ReplyClock(() => served.now());
  const embeddings = texts.length === 0 ? [] : await served.embed(texts, request.signal);
  const tokens = texts.length === 0 ? 0 : await served.countTokens(texts);
  const { total_duration, load_duration, prompt_eval_count } = clock.end({
    prompt_tokens: tokens,
    completion_tokens: 0,
  });
  return { model: readModelName(body), embeddings, total_duration, load_duration, prompt_eval_count };
}

/** Answers the older `/api/embeddings`: the vector of one text. Throws like {@link embedTexts}. */
export async function embedPrompt(request: HttpRequest, served: ServedAgent): Promise<object> {
  served.answering.checkPlace();
  const body = readBody(await request.json());
  findModel(served, body);
  const prompt = readText(body, "prompt") ?? "";
  const [embedding = []] = prompt === "" ? [] : await served.embed([prompt], request.signal);
  return { embedding };
}

function readInput(body: Fields): readonly string[] {
  const input = fieldOf(body, "input");
  const dimensions = fieldOf(body, "dimensions") ?? 0;
  if (dimensions !== 0) {
    const hint = "Leave it out, and cut the vectors yourself if the model allows that.";
    throw ServiceError.invalid("dimensions", "dimensions is not supported.", hint);
  }
  if (input === undefined || input === "") return [];
  if (typeof input === "string") return [input];
  if (Array.isArray(input) && input.every((text) => typeof text === "string")) return input;
  throw wrongType("input", "a text or a list of texts", input);
}
