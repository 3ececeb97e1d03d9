import type { EngineSettings } from "@nanoagent/models";
import { parseServerAddress } from "./http/server-address.js";
import { type OpenAiCompatibleOptions, openOpenAiCompatibleEngine } from "./open-openai-compatible-engine.js";
import type { OpenAiCompatibleEngine } from "./openai-compatible-engine.js";
import { RemoteEngineError } from "./remote-engine-error.js";

/** Opens the engine for a config's `engine` block. Throws {@link RemoteEngineError}. */
export async function openFromSettings(
  settings: EngineSettings,
  environment: Partial<Record<string, string>> = process.env,
): Promise<OpenAiCompatibleEngine> {
  return openOpenAiCompatibleEngine(readServerSettings(settings, environment));
}

/**
 * Returns the address of the server in a config's `engine` block for display, without connecting. Throws
 * {@link RemoteEngineError} for invalid settings.
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
      message: "The openai-compatible engine needs engine.url, which is not set.",
      hint: "Set engine.url, as in http://127.0.0.1:8080 for llama-server or http://127.0.0.1:11434 for Ollama.",
    });
  }
  const apiKey = api_key_env === undefined ? undefined : environment[api_key_env];
  if (api_key_env !== undefined && !apiKey?.trim()) {
    throw new RemoteEngineError({
      code: "remote-settings-invalid",
      message: `engine.api_key_env names the environment variable ${api_key_env}, which is not set.`,
      hint: "Set it to the server's key, or remove engine.api_key_env if the server needs no key.",
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
