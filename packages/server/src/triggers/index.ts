export { runTriggers, type RunTriggersOptions } from "./run-triggers.js";
export { openTriggers, type TriggersOptions } from "./open-triggers.js";
export type { ActingAgent } from "./acting-agent.js";
export type {
  AddedEvent,
  EndedEvent,
  HandMadeEvent,
  HookDoor,
  HookReply,
  HookRequest,
  TriggerCounts,
  TriggerProblem,
  Triggers,
  TriggerState,
  UnknownAct,
} from "./triggers.js";
export type { TriggerNotice } from "./trigger-parts.js";
export type { EventOutcome } from "./trigger-event.js";
export { TriggerError, type TriggerErrorCode } from "./trigger-error.js";
export { EventLogError, type EventLogErrorCode } from "./events/event-log-error.js";
export { type LoggedAct, type LoggedEvent, readEventLog } from "./events/read-event-log.js";
