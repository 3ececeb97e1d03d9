export { type ReadConfigOptions, readConfig } from "../config/read-config.js";
export { type ConfigIssue, InvalidConfigError } from "../config/invalid-config-error.js";
export { ClaimedError, claimFolder, isClaimThere } from "../claims/claim-folder.js";
export type { Claim, ClaimOwner } from "../claims/claim.js";
export { type DecodedText, decodeText } from "../files/decode-text.js";
export { makeFolder } from "../files/make-folder.js";
export { findRuntimeFolders, ownRuntimeFolder } from "../files/runtime-folder.js";
export { MAX_CONFIG_BYTES } from "../config/read-config-text.js";
export { Journal, type JournalOptions, type StartedAct } from "../session/journal/journal.js";
export {
  addDamage,
  addMissing,
  describeReport,
  emptyReport,
  type JournalDamage,
  type JournalReport,
  type MissingTurns,
} from "../session/journal/journal-report.js";
export type { JournalMessage } from "../session/journal/journal-record.js";
export { BATCH_MILLISECONDS, BATCH_TURNS } from "../session/journal/segment-log.js";
export { findNewerFormat } from "../session/journal/newer-format.js";
export { decodeLine, encodeLine } from "../session/journal/checked-line.js";
export { type JournalFile, type JournalFiles, localFiles } from "../session/journal/journal-files.js";
export { type FileLine, readLines } from "../session/journal/read-lines.js";
export type { Segment } from "../session/journal/segment.js";
export { SegmentWriter } from "../session/journal/segment-writer.js";
export type { JournalTurn, ReadTurnsOptions } from "../session/journal/read-turns.js";
export { findSession, findSessions, readSession, type StoredSession } from "../session/journal/stored-session.js";
export { McpServerError } from "../tools/mcp/mcp-server-error.js";
export { MissingPeerError } from "../missing-peer-error.js";
export { MAX_SKILL_BYTES, readSkills } from "../skills/read-skills.js";
export type { Skill } from "../skills/skill.js";
export { InvalidSkillError } from "../skills/invalid-skill-error.js";
export { IntentMatcher } from "../intents/intent-matcher.js";
export { findAmbiguities, type IntentAmbiguity } from "../intents/find-ambiguities.js";
export { commandTool } from "../tools/command/command-tool.js";
export { readPlainJson } from "../json/exact-json.js";
export {
  type ProgramEnd,
  type StartedProgram,
  type StartProgramOptions,
  startProgram,
} from "../processes/start-program.js";
