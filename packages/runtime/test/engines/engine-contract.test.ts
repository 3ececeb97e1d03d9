import { RulesEngine } from "@nanoagent/runtime";
import { ScriptedEngine, testEngine } from "@nanoagent/runtime/testing";
import { describe, test } from "vitest";
import { sampleDevice } from "../sample-config.js";

describe("rules engine", () => testEngine(() => new RulesEngine({ agentName: "a", device: sampleDevice }), test));
describe("scripted engine", () =>
  testEngine(() => new ScriptedEngine([{ deltas: ['{"bed": ', "3}"], delayMilliseconds: 5 }]), test));
