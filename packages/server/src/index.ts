export { ServiceError, type ServiceErrorCode, type ServiceErrorType } from "./errors/service-error.js";
export type { Log, LogEntry, LogLevel } from "./log/log-entry.js";
