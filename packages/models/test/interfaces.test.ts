import type {
  AgentMessage,
  AgentMessageInput,
  AgentSpec,
  AgentSpecInput,
  EdgeDevice,
  EdgeDeviceInput,
  FitPlan,
  MemoryLedger,
  ModelSummary,
  NanoAgentConfig,
  NanoAgentConfigFile,
  NanoAgentConfigFileInput,
  NanoAgentConfigInput,
  ScenarioFile,
  SpeedForecast,
} from "@nanoagent/models";
import { expectTypeOf, test } from "vitest";
import type * as z from "zod/mini";
import type { agentMessageSource } from "../src/agent-message.js";
import type { agentSpecSource } from "../src/agent-spec.js";
import type { edgeDeviceSource } from "../src/edge-device.js";
import type { fitPlanSource } from "../src/fit-plan.js";
import type { memoryLedgerSource } from "../src/memory-ledger.js";
import type { modelSummarySource } from "../src/model-summary.js";
import type { nanoAgentConfigFileSource, nanoAgentConfigSource } from "../src/nano-agent-config.js";
import type { scenarioFileSource } from "../src/scenario-file.js";
import type { speedForecastSource } from "../src/speed-forecast.js";

// The interfaces are written by hand, so that declarations do not depend on zod. tsc fails here when an interface, or a
// nested one, differs from its schema in a key, an optional mark or a type.

test("the input of each schema is its input interface", () => {
  expectTypeOf<z.input<ReturnType<typeof agentSpecSource>>>().toEqualTypeOf<AgentSpecInput>();
  expectTypeOf<z.input<ReturnType<typeof edgeDeviceSource>>>().toEqualTypeOf<EdgeDeviceInput>();
  expectTypeOf<z.input<ReturnType<typeof nanoAgentConfigSource>>>().toEqualTypeOf<NanoAgentConfigInput>();
  expectTypeOf<z.input<ReturnType<typeof nanoAgentConfigFileSource>>>().toEqualTypeOf<NanoAgentConfigFileInput>();
  expectTypeOf<z.input<ReturnType<typeof agentMessageSource>>>().toEqualTypeOf<AgentMessageInput>();
  expectTypeOf<z.input<ReturnType<typeof modelSummarySource>>>().toEqualTypeOf<ModelSummary>();
  expectTypeOf<z.input<ReturnType<typeof memoryLedgerSource>>>().toEqualTypeOf<MemoryLedger>();
  expectTypeOf<z.input<ReturnType<typeof speedForecastSource>>>().toEqualTypeOf<SpeedForecast>();
  expectTypeOf<z.input<ReturnType<typeof fitPlanSource>>>().toEqualTypeOf<FitPlan>();
  expectTypeOf<z.input<ReturnType<typeof scenarioFileSource>>>().toEqualTypeOf<ScenarioFile>();
});

test("the output of each schema is its interface", () => {
  expectTypeOf<z.output<ReturnType<typeof agentSpecSource>>>().toEqualTypeOf<AgentSpec>();
  expectTypeOf<z.output<ReturnType<typeof edgeDeviceSource>>>().toEqualTypeOf<EdgeDevice>();
  expectTypeOf<z.output<ReturnType<typeof nanoAgentConfigSource>>>().toEqualTypeOf<NanoAgentConfig>();
  expectTypeOf<z.output<ReturnType<typeof nanoAgentConfigFileSource>>>().toEqualTypeOf<NanoAgentConfigFile>();
  expectTypeOf<z.output<ReturnType<typeof agentMessageSource>>>().toEqualTypeOf<AgentMessage>();
  expectTypeOf<z.output<ReturnType<typeof modelSummarySource>>>().toEqualTypeOf<ModelSummary>();
  expectTypeOf<z.output<ReturnType<typeof memoryLedgerSource>>>().toEqualTypeOf<MemoryLedger>();
  expectTypeOf<z.output<ReturnType<typeof speedForecastSource>>>().toEqualTypeOf<SpeedForecast>();
  expectTypeOf<z.output<ReturnType<typeof fitPlanSource>>>().toEqualTypeOf<FitPlan>();
  expectTypeOf<z.output<ReturnType<typeof scenarioFileSource>>>().toEqualTypeOf<ScenarioFile>();
});

test("an added key, a missing key and a different optional mark are detected", () => {
  type Source = z.input<ReturnType<typeof agentMessageSource>>;
  // @ts-expect-error an added key
  expectTypeOf<Source>().toEqualTypeOf<AgentMessageInput & { id?: string }>();
  // @ts-expect-error a missing key
  expectTypeOf<Source>().toEqualTypeOf<Omit<AgentMessageInput, "timestamp">>();
  // @ts-expect-error a different optional mark
  expectTypeOf<Source>().toEqualTypeOf<AgentMessage>();
});
