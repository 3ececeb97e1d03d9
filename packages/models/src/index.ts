export { addressIn, adviseOnAddress } from "./address-in.js";
export { commandWords } from "./command-words.js";
export { AgentSpec, type AgentSpecInput } from "./agent-spec.js";
export { EdgeDevice, type EdgeDeviceInput, type ProfiledDevice } from "./edge-device.js";
export type {
  CoreCluster,
  CpuCache,
  DeclaredDetails,
  DeclaredDetailsInput,
  DeviceDetails,
  Fact,
  FactConfidence,
  GpuDetails,
  NpuDetails,
} from "./device-details.js";
export {
  type BandwidthRow,
  DeviceMeasurement,
  type DotProductRow,
  type MeasuredRate,
  type SpeedCalibration,
} from "./device-measurement.js";
export {
  type AgentSettings,
  type AutoDevice,
  type AutoDeviceInput,
  type EngineSettings,
  NanoAgentConfig,
  NanoAgentConfigFile,
  type NanoAgentConfigFileInput,
  type NanoAgentConfigInput,
  type SessionRetention,
  type SessionSettings,
  type WindowSettings,
} from "./nano-agent-config.js";
export type {
  IntentDefinition,
  IntentSettings,
  ListedValue,
  NumberRange,
  SlotSettings,
  SlotValue,
} from "./intent-settings.js";
export type {
  McpAddressSettings,
  McpProgramSettings,
  McpServerSettings,
  McpToolSettings,
} from "./mcp-server-settings.js";
export type { CommandArgument, CommandToolSettings, ToolPermission } from "./tool-settings.js";
export { AgentMessage, type AgentMessageInput, type AgentRole, type MessageEnd } from "./agent-message.js";
export { SamplingSettings } from "./sampling-settings.js";
export type { ServedConversations, ServeSettings, TlsSettings, WyomingSettings } from "./serve-settings.js";
export {
  type ExpectedCall,
  type ExpectedReply,
  type Scenario,
  ScenarioFile,
  type ScenarioMessage,
  type ScenarioPart,
  type ScenarioTool,
  type ScenarioToolCall,
  type ScenarioTurn,
} from "./scenario-file.js";
export { type ModelFormat, ModelSummary, type TensorTypeTotal } from "./model-summary.js";
export { type LedgerLine, type LedgerLineKind, MemoryLedger } from "./memory-ledger.js";
export { LEAST_HELPED_PARAMETERS, TELLING_PARAMETERS, TRUSTED_PARAMETERS } from "./small-model.js";
export { type ForecastGrade, type ForecastLine, SpeedForecast } from "./speed-forecast.js";
export type { QualityForecast } from "./quality-forecast.js";
export type { ModelWork } from "./model-work.js";
export { FitPlan } from "./fit-plan.js";
export type { FitChange, FitPlanner, FitRequest } from "./fit-planner.js";
export type { MemoryProbe, MemoryReading } from "./memory-probe.js";
export { PRESSURE_ACTIONS, type PressureAction } from "./pressure-actions.js";
export type { Schema, SchemaIssue } from "./schema.js";
export { type ErrorParts, NanoAgentError } from "./nano-agent-error.js";
export { InvalidDataError } from "./invalid-data-error.js";
export { nearestName } from "./nearest-name.js";
export { BYTES_PER_MB } from "./bytes-per-mb.js";
export { canBeTrue, isClockSet } from "./clock.js";
export { asSentence } from "./as-sentence.js";
export { cutText, endsInHalf } from "./cut-text.js";
export { parseDuration } from "./duration.js";
export type { FleetSettings } from "./fleet-settings.js";
export type { HomeAssistantSettings, MqttSettings, MqttTlsSettings } from "./mqtt-settings.js";
export type {
  ClockOptions,
  CommandAnswer,
  CommandSource,
  ComparedValue,
  FileAnswer,
  FileSource,
  GpioSource,
  HookSource,
  HttpAnswer,
  IntervalSource,
  MessageAct,
  MqttAnswer,
  MqttTriggerSource,
  QuietHours,
  RateLimit,
  ScheduleSource,
  SentenceAct,
  ToolAct,
  TriggerAct,
  TriggerAnswer,
  TriggerCondition,
  TriggerDedupe,
  TriggerQueue,
  TriggerSettings,
  TriggerSource,
} from "./trigger-settings.js";
