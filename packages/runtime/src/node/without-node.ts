import { EngineError } from "../engines/engine-error.js";
import type * as nodeParts from "./node-parts.js";

/** Replacements for `node-parts.ts` without Node. Each rejects with a typed error. */
export const checkModelFile: typeof nodeParts.checkModelFile = () => Promise.reject(needsNode("A model file"));
export const openLlamaEngine: typeof nodeParts.openLlamaEngine = () => Promise.reject(needsNode("A local model"));
export const checkLlamaEngine: typeof nodeParts.checkLlamaEngine = () => Promise.reject(needsNode("A local model"));
export const openServerEngine: typeof nodeParts.openServerEngine = () => Promise.reject(needsNode("This engine"));
export const checkServerSettings: typeof nodeParts.checkServerSettings = () => Promise.reject(needsNode("This engine"));
export const openCommandTools: typeof nodeParts.openCommandTools = () => Promise.reject(needsNode("A command"));
export const openToolMemory: typeof nodeParts.openToolMemory = () => Promise.reject(needsNode("A command"));
export const openMcpServers: typeof nodeParts.openMcpServers = () => Promise.reject(needsNode("An MCP server"));
export const openSkillFolder: typeof nodeParts.openSkillFolder = () => Promise.reject(needsNode("A skills folder"));
export const openSession: typeof nodeParts.openSession = () => Promise.reject(needsNode("A session on disk"));
export const reportMemory: typeof nodeParts.reportMemory = () => Promise.reject(needsNode("A memory report"));
export const measureProgram: typeof nodeParts.measureProgram = () => Promise.resolve(0);

function needsNode(what: string): EngineError {
  return new EngineError({
    code: "engine-unavailable",
    message: `${what} needs Node.js.`,
    hint: "Pass your own engine to new NanoRuntime({ engine }).",
  });
}
