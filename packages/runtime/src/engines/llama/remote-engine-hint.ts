const REMOTE_ENGINE =
  'let a server run the model: remove model_path and set engine: {type: openai-compatible, url: "http://HOST:8080", ' +
  "allow_network: true}. Rules, intents, tools, MCP servers and sessions need no local model and work here.";

/** The way out for a machine that cannot run a local model, after another one where there is one. */
export function remoteEngineHint(other?: string): string {
  return other === undefined ? `L${REMOTE_ENGINE.slice(1)}` : `${other} Or ${REMOTE_ENGINE}`;
}
