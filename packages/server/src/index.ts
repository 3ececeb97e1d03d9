export { type AgentServer, createServer, type Listening, type ServerOptions } from "./create-server.js";
export type { PermissionDesk, Question, ShowQuestion } from "./permissions/permission-desk.js";
export { type FoundService, findServices } from "./status/find-services.js";
export type { ServiceStatus } from "./status/service-status.js";
export type { TurnCounts } from "./service/turn-counts.js";
export type { Health, HealthReason, HealthReasonCode } from "./health/health.js";
export { ServiceError, type ServiceErrorCode, type ServiceErrorType } from "./errors/service-error.js";
export type { Log, LogEntry, LogLevel } from "./log/log-entry.js";
