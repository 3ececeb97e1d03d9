import { cutText } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import { bareModelId, readModelFile } from "./model-facts.js";
import type { ServedModel, ServedModelFile } from "./served-agent.js";

/** The models that an agent is listed as: itself, and its model alone if that is served. */
export class ServedModels {
  readonly #agent: Agent;
  readonly #bareId: string | null;
  readonly #createdSeconds: number;
  #file: ServedModelFile | null = null;

  constructor(agent: Agent, { servesModel, now }: { servesModel: boolean; now: number }) {
    this.#agent = agent;
    this.#bareId = servesModel ? bareModelId(agent) : null;
    this.#createdSeconds = Math.floor(now / 1000);
  }

  /** Reads the facts of the model's file. Lists are complete after that. */
  async readFile(): Promise<void> {
    this.#file = await readModelFile(this.#agent);
  }

  list(): ServedModel[] {
    const facts = this.#agent.engine;
    const shared = { createdSeconds: this.#createdSeconds, facts, file: this.#file };
    const agent: ServedModel = { id: this.#agent.config.spec.name, target: "agent", ...shared };
    return this.#bareId === null ? [agent] : [agent, { id: this.#bareId, target: "model", ...shared }];
  }

  /** Finds a model by its id, with or without `:latest`. Throws {@link ServiceError} `model-not-served`. */
  find(id: unknown): ServedModel {
    const models = this.list();
    const found = models.find((model) => model.id === id || `${model.id}:latest` === id);
    if (found !== undefined) return found;
    const ids = models.map((model) => `"${model.id}"`).join(" or ");
    throw new ServiceError({
      code: "model-not-served",
      message:
        typeof id === "string" ? `The model "${cutText(id, 100)}" is not served here.` : "The request names no model.",
      hint: `Send ${ids} as the model.`,
      status: 404,
      type: "invalid_request_error",
      param: "model",
      apiCode: "model_not_found",
    });
  }
}
