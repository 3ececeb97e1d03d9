import { openOpenAiCompatibleEngine } from "@nanoagent/runtime/engines/openai-compatible";
import { testEngine } from "@nanoagent/runtime/testing";
import { describe, test } from "vitest";
import { type Answer, startServer } from "./fake-server.js";
import { fakeLlamaServer, fakeLmStudio, fakeNanoagent, fakeOllama, fakeVllm } from "./fake-servers.js";

const servers: Record<string, () => Answer> = {
  "llama-server": fakeLlamaServer,
  Ollama: fakeOllama,
  nanoagent: fakeNanoagent,
  vLLM: fakeVllm,
  "LM Studio": fakeLmStudio,
};

describe.each(Object.entries(servers))("openai-compatible engine on %s", (name, fake) =>
  testEngine(
    async () => {
      const { url } = await startServer(fake());
      return openOpenAiCompatibleEngine({ url });
    },
    test,
    // Ollama knows no tool choice.
    { forcesCalls: name !== "Ollama" },
  ),
);
