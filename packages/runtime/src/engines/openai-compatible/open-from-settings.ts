import type { EngineSettings } from "@nanoagent/models";
import { parseServerAddress } from "./http/server-address.js";
import { type OpenAiCompatibleOptions, openOpenAiCompatibleEngine } from "./open-openai-compatible-engine.js";
import type { OpenAiCompatibleEngine } from "./openai-compatible-engine.js";
import { RemoteEngineError } from "./remote-engine-error.js";

/** The engine that a config's `engine` block describes. Throws {@link RemoteEngineError}. */
export async function openFromSettings(
  settings: EngineSettings,
  environment: Partial<Record<string, string>> = process.env,
): Promise<OpenAiCompatibleEngine> {
  return openOpenAiCompatibleEngine(readServerSettings(settings, environment));
}

/**
 * Where the server of a config's `engine` block is, for people; nothing is connected to. Throws
 * {@link RemoteEngineError} for settings that cannot work.
 */
export function checkServerSettings(
  settings: EngineSettings,
  environment: Partial<Record<string, string>> = process.env,
): string {
  const { url, allowNetwork = false } = readServerSettings(settings, environment);
  return parseServerAddress(url, { allowNetwork }).label;
}

function readServerSettings(
  {
    url,
    model,
    api_key_env,
    allow_network,
    context,
    thinking,
    first_token_seconds,
    next_token_seconds,
  }: EngineSettings,
  environment: Partial<Record<string, string>>,
): OpenAiCompatibleOptions {
  if (url === undefined) {
    throw new RemoteEngineError({
      code: "remote-settings-invalid",
      message: "The engine is openai-compatible, but engine.url does not say where its server is.",
      hint: "Set engine.url, as in http://127.0.0.1:8080 for llama-server or http://127.0.0.1:11434 for Ollama.",
    });
  }
  const apiKey = api_key_env === undefined ? undefined : environment[api_key_env];
  if (api_key_env !== undefined && !apiKey?.trim()) {
    throw new RemoteEngineError({
      code: "remote-settings-invalid",
      message: `engine.api_key_env names the environment variable ${api_key_env}, which is not set.`,
      hint: "Set it to the server's key, or leave engine.api_key_env out for a server without one.",
    });
  }
  return {
    url,
    model,
    apiKey,
    allowNetwork: allow_network,
    thinking,
    contextTokens: typeof context === "number" ? context : undefined,
    timeouts: {
      ...(first_token_seconds !== undefined && { firstPieceMilliseconds: first_token_seconds * 1000 }),
      ...(next_token_seconds !== undefined && { nextPieceMilliseconds: next_token_seconds * 1000 }),
    },
  };
}
