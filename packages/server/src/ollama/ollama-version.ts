/**
 * Returns the version of the API for clients that compare it: some refuse a server that is older than Ollama 0.6 or 0.14.
 * It is higher than any version of Ollama and says that it is not one. The numbers before the first hyphen can be read by
 * clients that read nothing else.
 */
export function ollamaVersion(version: string): string {
  return `1.0.0-nanoagent.${version}`;
}

/** Text of `/`. Many clients look for "Ollama is running" in it. */
export const greeting = "nanoagent serves this address. A server with the API of Ollama is running here.";
