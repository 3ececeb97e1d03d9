export { HostedEngine, type HostedEngineOptions, type HostLimits } from "../host/hosted-engine.js";
export { ADDON_VERSION, addonPackage } from "./llama-addon.js";
export { LlamaEngine, type LlamaEngineOptions } from "./llama-engine.js";
