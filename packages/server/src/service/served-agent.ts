import type { Agent, EngineFacts } from "@nanoagent/runtime";
import type { Log } from "../log/log-entry.js";
import type { PermissionDesk } from "../permissions/permission-desk.js";
import type { ServiceStatus } from "../status/service-status.js";
import type { Answering } from "../turns/ask.js";

/** A model in the lists of the APIs. */
export interface ServedModel {
  /** Id that clients send: the agent's name, or that of its model. */
  readonly id: string;
  readonly target: "agent" | "model";
  /** When the agent was opened, in seconds since 1970. */
  readonly createdSeconds: number;
  readonly facts: EngineFacts;
  /** Facts of the model file, or null for an agent without one. */
  readonly file: ServedModelFile | null;
}

export interface ServedModelFile {
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** Architecture of the header, such as `llama`. */
  readonly architecture: string | null;
  /** Quantization as people write it, such as `Q4_K_M`. */
  readonly quantization: string | null;
}

/** The part of the service that the page and the services beside HTTP use, too. */
export interface OperatedAgent extends ServedAgent {
  /** The agent that is served now. */
  readonly agent: Agent;
  readonly permissions: PermissionDesk;
  readonly log: Log;
  /**
   * Runs a task when no turn runs any longer, and none will: what stays open ends then. The service waits for it
   * before it closes. At once if that time has come already. The task must not reject.
   */
  onEnd(task: () => Promise<void>): void;
  /**
   * Removes the conversation of an id from memory and from disk. Returns false if its folder contains other files, and
   * rejects if another program uses it.
   */
  forget(conversationId: string): Promise<boolean>;
  status(): Promise<ServiceStatus>;
}

/** The part of the service that the APIs use. */
export interface ServedAgent {
  readonly version: string;
  readonly answering: Answering;
  /** The agent first. */
  listModels(): readonly ServedModel[];
  /** Finds a model by its id, with or without `:latest`. Throws {@link ServiceError} `model-not-served`. */
  findModel(id: unknown): ServedModel;
  /** Embeds any number of texts: see `Agent.embed`. Takes one place in the queue. Rejects like {@link Answering.answer}. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<number[][]>;
  /** Counts tokens as the engine does, for the usage of embeddings. */
  countTokens(texts: readonly string[]): Promise<number>;
  /** Current time, in milliseconds since 1970. */
  now(): number;
}
