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

// The interfaces are written by hand, so that declarations name no schema library. tsc fails here when one of them and
// what its schema reads part ways, in a key, an optional mark or a type; the interfaces inside them are compared along.

test("what a schema takes is its input interface", () => {
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

test("what a schema gives is its interface", () => {
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

test("a key more, a key less and another optional mark are each seen", () => {
  type Source = z.input<ReturnType<typeof agentMessageSource>>;
  // @ts-expect-error a key more
  expectTypeOf<Source>().toEqualTypeOf<AgentMessageInput & { id?: string }>();
  // @ts-expect-error a key less
  expectTypeOf<Source>().toEqualTypeOf<Omit<AgentMessageInput, "timestamp">>();
  // @ts-expect-error another optional mark
  expectTypeOf<Source>().toEqualTypeOf<AgentMessage>();
});
