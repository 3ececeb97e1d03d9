import { expect, test, vi } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import type { HttpRequest } from "../../src/http/exchange.js";
import { openRouter } from "../../src/http/router.js";
import { ollamaError } from "../../src/ollama/ollama-error.js";
import { ollamaRoutes } from "../../src/ollama/ollama-routes.js";
import { openaiRoutes } from "../../src/openai/openai-routes.js";
import { FakeServedAgent } from "./fake-served-agent.js";

test.each([
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/embeddings",
  "/api/chat",
  "/api/generate",
  "/api/embed",
  "/api/embeddings",
])("with a full queue, %s refuses a request before it reads the body", async (path) => {
  const served = new FakeServedAgent();
  served.answering.checkPlace = () => {
    throw new ServiceError({ code: "queue-full", message: "Full.", status: 429, type: "rate_limit_error" });
  };
  const body = vi.fn<HttpRequest["body"]>();
  const json = vi.fn<HttpRequest["json"]>();
  const { signal } = new AbortController();
  const router = openRouter([...openaiRoutes(served), ...ollamaRoutes(served)], ollamaError);
  const reply = await router({ method: "POST", path, header: () => null, query: () => null, signal, body, json });
  expect(reply.status).toBe(429);
  expect(body).not.toHaveBeenCalled();
  expect(json).not.toHaveBeenCalled();
});
