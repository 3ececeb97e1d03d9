export { type PlacedConfig, type ReadConfigOptions, readConfig, readPlacedConfig } from "../config/read-config.js";
export { type ConfigFault, InvalidConfigError } from "../config/invalid-config-error.js";
export { MAX_CONFIG_BYTES } from "../config/read-config-text.js";
export { Journal, type JournalOptions, type StartedAct } from "../session/journal/journal.js";
export { describeReport, type JournalDamage, type JournalReport } from "../session/journal/journal-report.js";
export type { JournalMessage } from "../session/journal/journal-record.js";
export { BATCH_MILLISECONDS, BATCH_TURNS } from "../session/journal/segment-log.js";
export type { JournalTurn, ReadTurnsOptions } from "../session/journal/read-turns.js";
export { findSession, findSessions, readSession, type StoredSession } from "../session/journal/stored-session.js";
export { mayBelongToServer } from "../tools/mcp/server-tool-name.js";
export { checkMcpServer } from "../tools/mcp/check-mcp-server.js";
export { McpServerError } from "../tools/mcp/mcp-server-error.js";
export { MissingPeerError } from "../missing-peer-error.js";
export { MAX_SKILL_BYTES, readSkills } from "../skills/read-skills.js";
export type { Skill } from "../skills/skill.js";
export { InvalidSkillError } from "../skills/invalid-skill-error.js";
export { type ResolvedCapability, resolveCapabilities } from "../skills/resolve-capabilities.js";
export { IntentMatcher } from "../intents/intent-matcher.js";
export { findAmbiguities, type IntentAmbiguity } from "../intents/find-ambiguities.js";
export { commandTool, findCommandProgram } from "../tools/command/command-tool.js";
export { ownCodeReservation } from "../processes/code-reservation.js";
export { canLimitProcesses, readDataLimit } from "../processes/process-limits.js";
export { readInterpreter } from "../processes/read-interpreter.js";
export { ToolSet } from "../tools/tool-set.js";
export { checkModelFile } from "../files/check-model-file.js";
export { makeFolder } from "../files/make-folder.js";
export { checkMemoryBudget, checkProgramSize } from "../check-memory-budget.js";
export {
  checkEngine,
  type EngineType,
  engineTypeOf,
  findUnusedSettings,
  type UnusedSetting,
} from "../engines/engine-kinds.js";
export type { EngineCheck, EngineProblem } from "../engines/engine-check.js";
export { terminalControls } from "../terminal-controls.js";
