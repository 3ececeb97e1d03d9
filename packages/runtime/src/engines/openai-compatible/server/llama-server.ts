import { contextOf, objectOf } from "../../../json/read-json.js";
import type { ServerConnection } from "../http/server-connection.js";
import { probe } from "./probe.js";
import type { RemoteAbilities } from "./remote-server.js";

/** Properties from `/props` of llama-server. */
export interface LlamaServerProperties {
  /** Context of one slot, which serves one request. Null if no model is loaded. */
  contextTokens: number | null;
  abilities: RemoteAbilities;
}

/**
 * Returns the properties of llama-server, or null for another server. In router mode, they are those of one model,
 * which the request causes to be loaded.
 */
export async function askLlamaServer(
  connection: ServerConnection,
  { model, isOurs, signal }: { model?: string; isOurs: boolean; signal: AbortSignal },
): Promise<LlamaServerProperties | null> {
  const { status, value, refusal } =
    model === undefined
      ? await probe(connection, "/props", signal)
      : await connection.ask(`/props?model=${encodeURIComponent(model)}`, {
          signal,
          milliseconds: connection.timeouts.firstPieceMilliseconds,
        });
  // The list of models is public, the properties are not.
  if (isOurs && refusal !== null && (status === 401 || status === 403)) throw refusal;
  const { default_generation_settings: settings, chat_template_caps: caps } = objectOf(value);
  if (typeof settings !== "object" || settings === null) return null;
  const { supports_tools: tools, supports_system_role: systemRole } = objectOf(caps);
  return {
    contextTokens: contextOf(objectOf(settings).n_ctx),
    abilities: { tools: typeof tools === "boolean" ? tools : null, systemRole: systemRole !== false },
  };
}

/** Returns the tokens of a text, or null if the server does not respond. */
export async function countByLlamaServer(
  connection: ServerConnection,
  text: string,
  signal: AbortSignal,
  model: string,
): Promise<number | null> {
  const body = { content: text, model, add_special: false };
  const { value } = await connection.ask("/tokenize", { body, signal });
  const { tokens } = objectOf(value);
  return Array.isArray(tokens) ? tokens.length : null;
}
