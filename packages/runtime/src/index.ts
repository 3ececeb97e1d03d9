export { NanoRuntime, type NanoRuntimeOptions } from "./nano-runtime.js";
export { type Agent, type AgentOptions, openAgent } from "./agent.js";
export type { ResolveModel } from "./config/resolve-model-name.js";
export type { Conversation, ConverseOptions, RestartOptions } from "./conversation.js";
export type { CallerTools, TurnLimits, TurnOptions } from "./run-turn.js";
export { type CallResult, type CallResults, MAX_MESSAGE_BYTES, type TurnMessage } from "./check-message.js";
export { NanoRuntimeError, type NanoRuntimeErrorCode } from "./nano-runtime-error.js";
export type { AgentEvent } from "./agent-event.js";
export type { EngineFacts } from "./engines/engine-facts.js";
export {
  ABORT_GRACE_MILLISECONDS,
  type EndReason,
  type Engine,
  type EngineEvent,
  type EngineMessage,
  type EngineRequest,
  type EngineTool,
  type SamplingOptions,
  type TokenUsage,
  type ToolCall,
} from "./engines/engine.js";
export type {
  EngineMemory,
  MemoryEnforcement,
  MemoryPressureEvent,
  MemoryReport,
  ProcessShare,
} from "./memory/memory-report.js";
export type { PressureAction } from "@nanoagent/models";
export { defineTool, type StandardInput, type ToolDefinition } from "./tools/define-tool.js";
export type { CheckedInput, Tool, ToolRunOptions, WillRun } from "./tools/tool.js";
export type { ActStart, PermissionRequest, ToolCallOptions } from "./tools/tool-set.js";
export type { TriggeredTurn } from "./session/turn.js";
export { type ToolFailure, type ToolOutcome, uncertainFailures } from "./tools/tool-outcome.js";
export { InvalidToolError } from "./tools/invalid-tool-error.js";
export { type IntentIssue, InvalidIntentsError } from "./intents/invalid-intents-error.js";
export { EngineError } from "./engines/engine-error.js";
export { MAX_EMBEDDED_CHARACTERS, MAX_EMBEDDED_TEXTS } from "./engines/embeddings.js";
export { RulesEngine } from "./engines/rules/rules-engine.js";
export type { ConversationMessage } from "./engines/conversation-message.js";
export { MAX_HISTORY_BYTES } from "./session/history.js";
export { SessionError, type SessionErrorCode } from "./session/session-error.js";
export { MAX_WAITING_MESSAGES } from "./session/turn-queue.js";
