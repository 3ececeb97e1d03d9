export type { ProcessCgroup } from "../../processes/process-cgroup.js";
export type { HostStart } from "../host/host-start.js";
export { HostStartError, type HostStartFailure } from "../host/host-start-error.js";
export { HostedEngine, type HostedEngineOptions } from "../host/hosted-engine.js";
export type { HostLaunch, HostLimits } from "../host/launch-host.js";
export { checkLlamaAddon, type LlamaAddonCheck } from "./check-llama-addon.js";
export { ADDON_VERSION, addonPackage, findLlamaAddon } from "./find-llama-addon.js";
export { LlamaEngine, type LlamaEngineOptions } from "./llama-engine.js";
export { type LlamaSpeed, type LlamaSpeedOptions, measureLlamaSpeed } from "./measure-llama-speed.js";
export {
  type AgentBudget,
  type PlanOptions,
  planLocalModel,
  type RemoteDevice,
  readPlanFacts,
} from "./plan-local-model.js";
