export { defaultRemoteTimeouts, type RemoteTimeouts } from "./http/remote-timeouts.js";
export { checkServerSettings } from "./open-from-settings.js";
export { type OpenAiCompatibleOptions, openOpenAiCompatibleEngine } from "./open-openai-compatible-engine.js";
export { OpenAiCompatibleEngine } from "./openai-compatible-engine.js";
export { RemoteEngineError, type RemoteEngineErrorCode } from "./remote-engine-error.js";
export { DEFAULT_CONTEXT_TOKENS } from "./server/choose-context.js";
export type { RemoteAbilities, RemoteServer } from "./server/remote-server.js";
