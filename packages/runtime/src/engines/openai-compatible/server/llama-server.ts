import { contextOf, objectOf } from "../../../json/read-json.js";
import type { ServerConnection } from "../http/server-connection.js";
import { probe } from "./probe.js";
import type { RemoteAbilities } from "./remote-server.js";

/** What `/props` of llama-server says. */
export interface LlamaServerProperties {
  /** Of one slot, which is what a request gets; null where no model is loaded. */
  contextTokens: number | null;
  abilities: RemoteAbilities;
}

/**
 * Asks llama-server for its properties; null where this is none. In router mode they are those of one model, which the
 * server loads for the question.
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
  // Its list of models is open to all; its properties are not.
  if (isOurs && refusal !== null && (status === 401 || status === 403)) throw refusal;
  const { default_generation_settings: settings, chat_template_caps: caps } = objectOf(value);
  if (typeof settings !== "object" || settings === null) return null;
  const { supports_tools: tools, supports_system_role: systemRole } = objectOf(caps);
  return {
    contextTokens: contextOf(objectOf(settings).n_ctx),
    abilities: { tools: typeof tools === "boolean" ? tools : null, systemRole: systemRole !== false },
  };
}

/** What a text is in tokens of the server's model; null where it does not answer. */
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
