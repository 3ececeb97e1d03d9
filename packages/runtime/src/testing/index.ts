export { type EngineTestOptions, type RegisterTest, testEngine } from "./test-engine.js";
export { ScriptedEngine, type ScriptedReply } from "./scripted-engine.js";
