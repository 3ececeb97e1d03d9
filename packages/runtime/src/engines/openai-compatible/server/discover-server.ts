import type { ServerConnection } from "../http/server-connection.js";
import { RemoteEngineError } from "../remote-engine-error.js";
import { chooseContext, DEFAULT_CONTEXT_TOKENS } from "./choose-context.js";
import { chooseModel } from "./choose-model.js";
import { chooseNanoagentModel } from "./choose-nanoagent-model.js";
import { type ListedModel, listModels } from "./list-models.js";
import { askLlamaServer } from "./llama-server.js";
import { askLmStudio } from "./lm-studio.js";
import { askOllama, isOllama } from "./ollama.js";
import type { RemoteServer } from "./remote-server.js";

/** Config settings that a server must match. */
export interface WantedServer {
  model?: string | undefined;
  contextTokens?: number | undefined;
}

interface Search {
  connection: ServerConnection;
  models: ListedModel[] | null;
  wanted: WantedServer;
  signal: AbortSignal;
}

/**
 * Detects the kind of a server, its models and the actual context size: nanoagent and vLLM report it in their lists of
 * models, llama-server in `/props`, LM Studio and Ollama in their own APIs. For other servers, uses the OpenAI API and the
 * configured size.
 *
 * Throws {@link RemoteEngineError}: `remote-model-unknown`, or the failure of the request.
 */
export async function discoverServer(
  connection: ServerConnection,
  wanted: WantedServer,
  signal: AbortSignal,
): Promise<RemoteServer> {
  const search = { connection, models: await listModels(connection, signal), wanted, signal };
  // The order matters: nanoagent, llama-server and LM Studio respond to some of Ollama's requests.
  for (const identify of [asNanoagent, asVllm, asLlamaServer, asLmStudio, asOllama]) {
    const server = await identify(search);
    if (server !== null) return server;
  }
  return asAnyServer(search);
}

async function asNanoagent({ connection, models, wanted }: Search): Promise<RemoteServer | null> {
  const entry = chooseNanoagentModel(models ?? [], wanted.model, connection.label);
  if (entry === null) return null;
  const { target, contextTokens: has, trainedTokens, tools, parameters } = entry.nanoagent;
  const { contextTokens, notice } = chooseContext({ has, most: trainedTokens, wished: wanted.contextTokens });
  // An agent without a limit reports none.
  const notices = has === null && wanted.contextTokens === undefined ? [] : [notice];
  const server = describe("nanoagent", entry.id, contextTokens, { tools, systemRole: true }, notices);
  return { ...server, isAgent: target === "agent", trainedTokens, parameters };
}

async function asVllm({ connection, models, wanted }: Search): Promise<RemoteServer | null> {
  // An adapter lists no context size. It has that of its base model.
  const base = models?.find(({ maxModelLength }) => maxModelLength !== null);
  if (models === null || base === undefined) return null;
  const model = chooseModel(models, wanted.model, { label: connection.label, hintWhenEmpty: "" });
  const has = model.maxModelLength ?? base.maxModelLength;
  const { contextTokens, notice } = chooseContext({ has, most: null, wished: wanted.contextTokens });
  return describe("vllm", model.id, contextTokens, { tools: null, systemRole: true }, [notice]);
}

async function asLlamaServer({ connection, models, wanted, signal }: Search): Promise<RemoteServer | null> {
  const isOurs = models?.some(({ ownedBy }) => ownedBy === "llamacpp") ?? false;
  const own = await askLlamaServer(connection, { isOurs, signal });
  if (own === null) return null;
  const hintWhenEmpty = "Start llama-server with a model: llama-server -m FILE.gguf";
  const model = chooseModel(models ?? [], wanted.model, { label: connection.label, hintWhenEmpty });
  // A router has no context. Its models do.
  const properties =
    own.contextTokens === null ? ((await askLlamaServer(connection, { model: model.id, isOurs, signal })) ?? own) : own;
  const { contextTokens, notice } = chooseContext({
    has: properties.contextTokens ?? model.metaContext,
    most: model.metaTrainedContext,
    wished: wanted.contextTokens,
  });
  return describe("llama-server", model.id, contextTokens, properties.abilities, [notice]);
}

async function asLmStudio({ connection, wanted, signal }: Search): Promise<RemoteServer | null> {
  const models = await askLmStudio(connection, signal);
  if (models === null) return null;
  const hintWhenEmpty = "Download one in LM Studio, or run: lms get NAME";
  const model = chooseModel(models, wanted.model, { label: connection.label, hintWhenEmpty });
  const { contextTokens, notice } = chooseContext({
    has: model.loadedContext,
    most: model.maxContext,
    wished: wanted.contextTokens,
  });
  return describe("lm-studio", model.id, contextTokens, { tools: model.tools, systemRole: true }, [notice]);
}

async function asOllama({ connection, models, wanted, signal }: Search): Promise<RemoteServer | null> {
  if (models === null || !(await isOllama(connection, signal))) return null;
  // A name without a tag means the tag `latest`.
  const named = models.map((model) => ({ ...model, aliases: [model.id.replace(/:latest$/, "")] }));
  const hintWhenEmpty = "Run: ollama pull NAME";
  const { id } = chooseModel(named, wanted.model, { label: connection.label, hintWhenEmpty });
  const model = await askOllama(connection, id, signal);
  if (model === null) return null;
  // Every request sets the context size, so this is the actual size.
  const asked = wanted.contextTokens ?? model.ownContext ?? DEFAULT_CONTEXT_TOKENS;
  const { contextTokens, notice } = chooseContext({ has: null, most: model.trainedContext, wished: asked });
  const isDefault = wanted.contextTokens === undefined && model.ownContext === null;
  const defaultNotice = `Ollama uses a context of ${contextTokens} tokens. Set engine.context to change it.`;
  const abilities = { tools: model.tools, systemRole: true };
  return describe("ollama", id, contextTokens, abilities, [isDefault ? defaultNotice : notice]);
}

function asAnyServer({ connection, models, wanted }: Search): RemoteServer {
  const label = connection.label;
  if (models === null && wanted.model === undefined) {
    throw new RemoteEngineError({
      code: "remote-model-unknown",
      message: `The server at ${label} does not list its models, and engine.model is not set.`,
      hint: "Set engine.model to the name of its model. If the server should list its models, check engine.url.",
    });
  }
  const model =
    models === null
      ? { id: wanted.model ?? "", metaTrainedContext: null, metaContext: null }
      : chooseModel(models, wanted.model, { label, hintWhenEmpty: "Load a model on the server, or check engine.url." });
  const { contextTokens, notice } = chooseContext({
    has: model.metaContext,
    most: model.metaTrainedContext,
    wished: wanted.contextTokens,
  });
  return describe("openai", model.id, contextTokens, { tools: null, systemRole: true }, [notice]);
}

function describe(
  kind: RemoteServer["kind"],
  model: string,
  contextTokens: number,
  abilities: RemoteServer["abilities"],
  notices: (string | null)[],
): RemoteServer {
  return { kind, model, contextTokens, abilities, notices: notices.filter((notice) => notice !== null) };
}
