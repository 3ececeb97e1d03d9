// Internal parts that the nanoagent program uses. It is built from the sources, so these are not published.

export { checkMemoryBudget, checkProgramSize } from "./check-memory-budget.js";
export { type PlacedConfig, readPlacedConfig, readWrittenConfig } from "./config/read-config.js";
export { modelNameIn, type ResolveModel, resolveModelName } from "./config/resolve-model-name.js";
export {
  adviseOnContext,
  estimateFixedCost,
  type FixedTexts,
  neededContext,
  wholeContext,
} from "./context/context-budget.js";
export type { EngineCheck, EngineIssue } from "./engines/engine-check.js";
export {
  checkEngine,
  type EngineType,
  engineTypeOf,
  findUnusedSettings,
  type UnusedSetting,
} from "./engines/engine-kinds.js";
export { samplingOptions } from "./engines/sampling-options.js";
export { checkModelFile } from "./files/check-model-file.js";
export { expandHome } from "./files/expand-home.js";
export { isFolder } from "./files/is-folder.js";
export { makeFolder } from "./files/make-folder.js";
export { pathOfFileUrl } from "./files/path-of-file-url.js";
export { validateJson } from "./json-schema/validate-json.js";
export { ownCodeReservation } from "./processes/code-reservation.js";
export { canLimitProcesses, readDataLimit } from "./processes/process-limits.js";
export { readInterpreter } from "./processes/read-interpreter.js";
export { openSkills } from "./skills/open-skills.js";
export { namesOfSkill, type ResolvedCapability, resolveCapabilities } from "./skills/resolve-capabilities.js";
export { terminalControls } from "./terminal-controls.js";
export { largestOffer } from "./tool-registry.js";
export { findCommandProgram } from "./tools/command/command-tool.js";
export { checkMcpServer } from "./tools/mcp/check-mcp-server.js";
export { mayBelongToServer } from "./tools/mcp/server-tool-name.js";
export { ToolSet } from "./tools/tool-set.js";
