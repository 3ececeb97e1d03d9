const REMOTE_ENGINE =
  'use a server to run the model: remove model_path and set engine: {type: openai-compatible, url: "http://HOST:8080", ' +
  "allow_network: true}. Rules, intents, tools, MCP servers and sessions work here without a local model.";

/** Hint for a machine that cannot run a local model, optionally after another hint. */
export function remoteEngineHint(other?: string): string {
  return other === undefined ? `U${REMOTE_ENGINE.slice(1)}` : `${other} Or ${REMOTE_ENGINE}`;
}
