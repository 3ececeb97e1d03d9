import { ScriptedEngine, testEngine } from "@nanoagent/runtime/testing";
import { RulesEngine } from "@nanoagent/runtime";
import { describe, test } from "vitest";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 4, has_gpu: false };

describe("rules engine", () => testEngine(() => new RulesEngine({ agentName: "a", device }), test));
describe("scripted engine", () => testEngine(() => new ScriptedEngine([{ deltas: ["one ", "two"], delayMilliseconds: 5 }]), test));
