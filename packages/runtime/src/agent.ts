import { NanoAgentConfig, type NanoAgentConfigInput } from "@nanoagent/models";
import { checkMemoryBudget, openProgramBudget } from "./check-memory-budget.js";
import { type ResolveModel, resolveModelName } from "./config/resolve-model-name.js";
import { neededContext } from "./context/context-budget.js";
import { Conversation, type ConverseOptions, openJournal } from "./conversation.js";
import { checkEmbeddedTexts, embeddingsNotSupported } from "./engines/embeddings.js";
import type { Engine, EngineEvent, EngineRequest, ToolCall } from "./engines/engine.js";
import { type EngineFacts, factsOf } from "./engines/engine-facts.js";
import { findUnusedSettings, openEngine } from "./engines/engine-kinds.js";
import type { EngineOptions, OpenEngineOptions } from "./engines/engine-options.js";
import { IdleWork } from "./engines/idle-work.js";
import { samplingOptions } from "./engines/sampling-options.js";
import type { IntentMatch } from "./intents/intent-matcher.js";
import type { MemoryReport } from "./memory/memory-report.js";
import { overBudget } from "./memory/over-budget.js";
import { ownResidentBytes } from "./memory/own-resident-bytes.js";
import type { ToolMemory } from "./memory/tool-memory.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { asTurnError, type IntentAnswers, type SharedParts } from "./run-turn.js";
import type { Journal } from "./session/journal/journal.js";
import { TurnQueue } from "./session/turn-queue.js";
import type { InvalidSkillError } from "./skills/invalid-skill-error.js";
import type { OpenSkills } from "./skills/open-skills.js";
import {
  describeUnresolved,
  type KnownSkill,
  namesOfSkill,
  resolveCapabilities,
} from "./skills/resolve-capabilities.js";
import type { ToolRegistry } from "./tool-registry.js";
import type { Tool } from "./tools/tool.js";
import { type ToolOutcome, unknownTool } from "./tools/tool-outcome.js";
import type { ToolCallOptions, ToolSetOptions } from "./tools/tool-set.js";
import { wholeData } from "./whole-text.js";

/** Parts of an agent that a config file cannot express. */
export interface AgentOptions extends EngineOptions, Pick<ToolSetOptions, "onPermission" | "beforeAct"> {
  /** Engine to use instead of the one in the config. The app that passes it must close it; agents may share it. */
  engine?: Engine | undefined;
  /** Tools of the app, in addition to those of the config. */
  tools?: readonly Tool[] | undefined;
  /** Returns the path of the model that `model_path: hub:NAME` names. Without it, such a config is refused. */
  resolveModel?: ResolveModel | undefined;
}

/**
 * Opens the agent of a config: checks that it fits, then opens its tools, skills and engine. Conversations with it
 * share these; see {@link Agent.converse}. Throws {@link NanoRuntimeError}, {@link EngineError},
 * {@link InvalidToolError}, {@link InvalidIntentsError}, {@link InvalidSkillError}, `McpServerError`,
 * `MissingPeerError`, or `InvalidDataError` for a config of the wrong shape.
 */
export async function openAgent(config: NanoAgentConfigInput, options: AgentOptions = {}): Promise<Agent> {
  return Agent.open(await checkAgent(config, options), options);
}

/**
 * Checks a config without opening anything. Rejects an agent whose memory budget exceeds its device's memory first,
 * then a model file that is missing or too large. Returns the config with the path of its model instead of a name.
 */
export async function checkAgent(
  input: NanoAgentConfigInput,
  { resolveModel }: Pick<AgentOptions, "resolveModel"> = {},
): Promise<NanoAgentConfig> {
  const named = NanoAgentConfig.parse(input);
  checkMemoryBudget(named);
  const config = await resolveModelName(named, resolveModel);
  if (config.model_path !== null) {
    // File checks need Node; this module does not.
    const { checkModelFile } = await import("#node-parts");
    await checkModelFile(config.model_path, config.spec.max_model_size_mb, config.model_root ?? null);
  }
  return config;
}

/** An open agent: its config, engine, intents, tools and skills. Conversations share them. */
export class Agent implements AsyncDisposable {
  readonly config: NanoAgentConfig;
  readonly #options: AgentOptions & OpenEngineOptions;
  readonly #parts: SharedParts;
  readonly #skills: AgentSkills;
  readonly #conversations = new Set<Conversation>();
  #closing: Promise<void> | null = null;

  private constructor(
    config: NanoAgentConfig,
    options: AgentOptions & OpenEngineOptions,
    parts: SharedParts,
    skills: AgentSkills,
  ) {
    this.config = config;
    this.#options = options;
    this.#parts = parts;
    this.#skills = skills;
  }

  /** Opens a config that {@link checkAgent} has checked. @internal */
  static async open(checked: NanoAgentConfig, given: AgentOptions): Promise<Agent> {
    const config = wholeData(checked);
    const bare = { ...given, baseBytes: ownResidentBytes() ?? 0 };
    const hasProgramTools = (given.tools ?? []).length > 0;
    const options = { ...bare, hasProgramTools, toolMemory: await openToolMemory(config, bare) };
    const skills = await readSkills(config);
    const tools = await openTools(config, options, skills.open);
    try {
      const intents = tools === null ? null : await openIntents(config, tools);
      const texts = [config.instructions, skills.open?.instructions].filter(Boolean);
      const instructions = texts.length > 0 ? texts.join("\n\n") : (config.instructions ?? null);
      const neededTokens =
        config.model_path === null
          ? 0
          : neededContext({ instructions: instructions ?? "", tools: tools?.largestOffer ?? [] });
      const engine = options.engine ?? (await openEngine(config, { ...options, neededTokens }));
      const budget = await openProgramBudget(config, engine, options).catch(async (error) => {
        if (options.engine === undefined) await engine.close();
        throw error;
      });
      const engineQueue = new TurnQueue({ maxWaiting: Number.POSITIVE_INFINITY });
      const sampling = config.sampling === undefined ? undefined : samplingOptions(config.sampling);
      const { acts } = config;
      const parts: SharedParts = { engine, engineQueue, budget, instructions, sampling, intents, tools, acts };
      return new Agent(config, options, parts, skills);
    } catch (error) {
      await tools?.close();
      throw error;
    }
  }

  /** Facts that the engine reports about itself. They can change: the context shrinks under memory pressure. */
  get engine(): EngineFacts {
    return factsOf(this.#parts.engine);
  }

  /** Tools that are available now, by name: those that intents may run, and those that the engine may call. */
  get tools(): readonly Tool[] {
    return this.#parts.tools?.tools ?? [];
  }

  /** Settings that have no effect, and reports of the engine, the skills and the tools. One sentence per item. */
  get notices(): readonly string[] {
    const { engine, tools } = this.#parts;
    // The tools of an agent that answers by rules are for its intents alone.
    const lacksCalls = engine.callsTools === false && engine.answersAtOnce !== true;
    return [
      ...findUnusedSettings(this.config, this.#options.engine !== undefined).map(({ message }) => message),
      ...(engine.notices ?? []),
      ...(lacksCalls && tools?.offersTools ? [CALLS_NO_TOOLS] : []),
      ...this.#skills.notices,
      ...(tools?.notices ?? []),
      ...this.#describeCapabilities(),
    ];
  }

  #describeCapabilities(): string[] {
    const { tools } = this.#parts;
    const all = tools?.tools ?? [];
    // The tools of a server that cannot be reached now are added later.
    const known = this.config.spec.capabilities.filter(
      (capability) => all.some(({ name }) => name === capability) || tools?.expects(capability) !== true,
    );
    return describeUnresolved(
      resolveCapabilities(known, { skills: this.#skills.all, tools: all, servers: tools?.servers }),
    );
  }

  /**
   * Opens a conversation: the stored one for a session, otherwise a new one. Throws {@link SessionError}, and
   * {@link NanoRuntimeError} `not-loaded` after `close()`.
   */
  async converse({ session, ...options }: ConverseOptions = {}): Promise<Conversation> {
    return this.continueJournal(await openJournal(session, this.config.spec.name), options);
  }

  /** Opens the conversation of a journal that is already open. Takes ownership of it, even if this throws. @internal */
  async continueJournal(
    journal: Journal | null,
    { maxHistoryBytes, before }: Omit<ConverseOptions, "session"> = {},
  ): Promise<Conversation> {
    if (this.#closing !== null) {
      await journal?.close();
      throw NanoRuntimeError.notLoaded();
    }
    const conversation = await Conversation.open(this.#parts, journal, {
      maxHistoryBytes,
      before,
      summarizes: this.config.window?.on_overflow === "summarize",
      onClose: (closed) => this.#conversations.delete(closed),
    });
    this.#conversations.add(conversation);
    // close() may have been called in the meantime, without this conversation in its list.
    if (this.#closing !== null) {
      await conversation.close();
      throw NanoRuntimeError.notLoaded();
    }
    return conversation;
  }

  /**
   * Runs one of the agent's tools, whether the model may call it or not, after its arguments were checked and its
   * permission was given. A failure of the tool is an outcome. Throws {@link NanoRuntimeError} `not-loaded`.
   */
  async callTool(call: Pick<ToolCall, "name" | "arguments">, options: ToolCallOptions): Promise<ToolOutcome> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    const whole = { ...call, id: `call-${options.idempotencyKey}` };
    return (await this.#parts.tools?.call(whole, options)) ?? unknownTool(whole);
  }

  /** Returns the intent of a sentence and its call, without running it. Null: the sentence matches no intent. */
  matchIntent(sentence: string): Pick<IntentMatch, "intent" | "call"> | null {
    return this.#parts.intents?.match(sentence) ?? null;
  }

  /** Reports the agent's memory use and how its budget is enforced. Needs Node. */
  async memory(): Promise<MemoryReport> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    const { reportMemory } = await import("#node-parts");
    return reportMemory(this.config, this.#parts.engine, this.#options);
  }

  /**
   * Makes the engine write its evaluated state to disk, so that it need not read the conversation again after a
   * restart. Returns the bytes written, or null if the engine saves nothing. A local model saves its state if the
   * config has a `session`.
   */
  async saveState(): Promise<number | null> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    return (await this.#parts.engine.saveState?.()) ?? null;
  }

  /**
   * Returns a vector of length 1 for each text, in the same order: see {@link Engine.embed}. Waits for the engine like
   * a turn. Throws {@link EngineError} `embeddings-not-supported` and `invalid-embedding-texts`, and
   * {@link NanoRuntimeError} `context-exceeded` and `aborted`.
   */
  async embed(texts: readonly string[], { signal }: { signal?: AbortSignal | undefined } = {}): Promise<number[][]> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    const { engine, engineQueue } = this.#parts;
    if (engine.embed === undefined) throw embeddingsNotSupported(engine.name);
    checkEmbeddedTexts(texts);
    await engineQueue.enter(signal ?? new AbortController().signal, NanoRuntimeError.aborted);
    try {
      return await engine.embed(texts, { signal });
    } finally {
      engineQueue.leave();
    }
  }

  /** Number of tokens of each text, as the engine counts them. Throws {@link NanoRuntimeError} `not-loaded`. */
  async countTokens(texts: readonly string[]): Promise<number[]> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    const { engine } = this.#parts;
    return (await engine.countTokensOfAll?.(texts)) ?? Promise.all(texts.map((text) => engine.countTokens(text)));
  }

  /**
   * Sends a request to the engine as it is: without the agent's instructions, tools, intents and session. Waits for the
   * engine like a turn. Never throws: the last event is one `end` or one `error`.
   */
  async *generate(
    request: EngineRequest,
    { signal = new AbortController().signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent, void> {
    const { engine, engineQueue, budget } = this.#parts;
    const resume = IdleWork.of(engine).interrupt();
    let isInTurn = false;
    try {
      if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
      const pressure = (await budget?.check()) ?? null;
      if (pressure !== null) throw overBudget(pressure);
      await engineQueue.enter(signal, NanoRuntimeError.aborted);
      isInTurn = true;
      yield* engine.generate(request, { signal });
    } catch (error) {
      yield { type: "error", error: asTurnError(error, signal.aborted) };
    } finally {
      if (isInTurn) engineQueue.leave();
      resume();
    }
  }

  /** Closes all conversations, the tools, and the engine unless the app passed it. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { engine, tools } = this.#parts;
    const closed = await Promise.allSettled([...this.#conversations].map((conversation) => conversation.close()));
    try {
      await tools?.close();
    } finally {
      if (this.#options.engine === undefined) await engine.close();
    }
    for (const result of closed) if (result.status === "rejected") throw result.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const CALLS_NO_TOOLS = "This model cannot call tools. They remain available to intents.";

interface AgentSkills {
  /** All skills of the folder. */
  all: readonly KnownSkill[];
  /** Skills that the capabilities switch on, or null if there are none. */
  open: OpenSkills | null;
  notices: readonly string[];
}

async function readSkills({ skills_dir, spec }: NanoAgentConfig): Promise<AgentSkills> {
  if (skills_dir === undefined) return { all: [], open: null, notices: [] };
  // Files need Node; this module does not.
  const [{ openSkillFolder }, { openSkills }] = await Promise.all([
    import("#node-parts"),
    import("./skills/open-skills.js"),
  ]);
  const { skills, issues } = await openSkillFolder(skills_dir, spec.capabilities);
  const used = skills.filter((skill) => namesOfSkill(skill).some((name) => spec.capabilities.includes(name)));
  // `check` reports warnings about unused skills.
  const concerns = ({ severity, file }: InvalidSkillError) =>
    severity === "error" || used.some(({ folder }) => file.startsWith(folder));
  return { all: skills, open: await openSkills(used), notices: issues.filter(concerns).map(({ message }) => message) };
}

/** Tracks the memory of processes that tools start. Returns undefined if no tool starts one. */
async function openToolMemory(
  config: NanoAgentConfig,
  options: Pick<OpenEngineOptions, "ownsProgram" | "baseBytes">,
): Promise<ToolMemory | undefined> {
  if ((config.tools?.length ?? 0) === 0 && config.mcp_servers === undefined) return undefined;
  // Processes need Node; this module does not.
  const node = await import("#node-parts");
  return node.openToolMemory(config, options);
}

/** Opens the tools of an agent. Returns null, and loads nothing, if it has none. */
async function openTools(
  config: NanoAgentConfig,
  { tools = [], onPermission, beforeAct, toolMemory }: AgentOptions & OpenEngineOptions,
  skills: OpenSkills | null,
): Promise<ToolRegistry | null> {
  const always = [...tools, ...(skills === null ? [] : [skills.tool])];
  const named = (config.tools?.length ?? 0) > 0 || config.mcp_servers !== undefined || config.intents !== undefined;
  if (always.length === 0 && !named) return null;
  const { ToolRegistry } = await import("./tool-registry.js");
  return ToolRegistry.open(config, { always, pinned: skills?.tool.name, onPermission, beforeAct, toolMemory });
}

/** Compiles the intents. Throws {@link InvalidIntentsError}, also for the name of an unknown tool. */
async function openIntents({ intents }: NanoAgentConfig, tools: ToolRegistry): Promise<IntentAnswers | null> {
  if (intents === undefined) return null;
  const [{ IntentMatcher }, { InvalidIntentsError }, { runIntent }] = await Promise.all([
    import("./intents/intent-matcher.js"),
    import("./intents/invalid-intents-error.js"),
    import("./intents/run-intent.js"),
  ]);
  const matcher = IntentMatcher.compile(intents);
  const issues = intents.definitions.flatMap(({ tool }, index) =>
    tool === undefined || tools.expects(tool)
      ? []
      : [{ path: ["definitions", index, "tool"], column: null, message: `there is no tool named "${tool}"` }],
  );
  if (issues.length > 0) throw new InvalidIntentsError(issues);
  return {
    match: (message) => matcher.match(message),
    answer: (match, turn, run) => runIntent(match, tools, turn, run),
  };
}
