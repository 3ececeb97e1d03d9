import { showServerText } from "../http/server-text.js";
import { RemoteEngineError } from "../remote-engine-error.js";

/** A server may have hundreds of models. */
const MAX_NAMES_SHOWN = 10;

/**
 * Returns the configured model, found by name or alias, or the server's only model. Throws `remote-model-unknown` with
 * the list of available models.
 */
export function chooseModel<Model extends { id: string; aliases: readonly string[] }>(
  models: readonly Model[],
  wished: string | undefined,
  { label, hintWhenEmpty }: { label: string; hintWhenEmpty: string },
): Model {
  const found =
    wished === undefined
      ? models.length === 1
        ? models[0]
        : undefined
      : (models.find(({ id }) => id === wished) ?? models.find(({ aliases }) => aliases.includes(wished)));
  if (found !== undefined) return found;
  const unknown = (message: string, hint: string) => {
    const names = models.slice(0, MAX_NAMES_SHOWN).map(({ id }) => showServerText(id, null));
    const more = models.length > MAX_NAMES_SHOWN ? ` and ${models.length - MAX_NAMES_SHOWN} more` : "";
    const reason = models.length === 0 ? undefined : `Available: ${names.join(", ")}${more}.`;
    return new RemoteEngineError({ code: "remote-model-unknown", message, reason, hint });
  };
  if (models.length === 0) throw unknown(`The server at ${label} has no models.`, hintWhenEmpty);
  if (wished === undefined) {
    throw unknown(
      `The server at ${label} has ${models.length} models, and engine.model is not set.`,
      "Set engine.model to one of them.",
    );
  }
  throw unknown(`The server at ${label} has no model "${wished}".`, "Set engine.model to one of them.");
}
