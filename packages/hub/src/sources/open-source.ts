import { HubError } from "../hub-error.js";
import type { ModelName } from "../names/model-name.js";
import { openAddress } from "./address-source.js";
import { openHubRepository } from "./hub-source.js";
import { openOllamaModel } from "./ollama-source.js";
import type { RemoteRepository } from "./remote-model.js";
import type { SourceContext } from "./source-context.js";

/**
 * Asks the source of a name for its models. Throws a `HubError`, with code `model-unknown` for a name of one word, which
 * has to be looked up in the catalogue before.
 */
export async function openSource(name: ModelName, context: SourceContext): Promise<RemoteRepository> {
  switch (name.source) {
    case "hub":
      return openHubRepository(name, context);
    case "ollama":
      return openOllamaModel(name, context);
    case "address":
      return openAddress(name, context);
    case "word":
      throw new HubError({
        code: "model-unknown",
        message: `Unknown model ${JSON.stringify(name.word)}.`,
        reason: "A name of one word must be in the catalogue or in the store.",
        hint: "Run nanoagent models recommend for names of the catalogue, or write org/repo.",
      });
  }
}
