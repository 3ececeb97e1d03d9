import { type KeyTexts, textsAt } from "./key-texts.js";
import { modelSummaryTexts } from "./model-summary-texts.js";

const ledger: KeyTexts = {
  "": "Memory that the plan needs, line by line, with the sums.",
  lines: "Parts of the sum.",
  "lines[].name": { description: "Name of the part.", examples: ["weights", "kv-cache", "compute-buffer"] },
  "lines[].kind":
    "`pinned`: allocated memory. `evictable`: pages of a mapped file, which the system may drop. `transient`: " +
    "needed only while the model loads.",
  "lines[].reserved_bytes": "Allocated memory, in bytes. RLIMIT_DATA counts it.",
  "lines[].resident_bytes": "Memory that is really used, in bytes. RSS and cgroups count it.",
  "lines[].explanation": "How the figure is computed.",
  steady_reserved_bytes: "Allocated memory after loading, in bytes.",
  steady_resident_bytes: "Memory in use after loading, in bytes.",
  peak_reserved_bytes: "Most memory that is allocated, in bytes, transient parts included.",
  peak_resident_bytes: "Most memory in use, in bytes, transient parts included.",
};

function rateTexts(rate: string): KeyTexts {
  return {
    "": `${rate}, in tokens per second.`,
    expected: "Most likely rate, in tokens per second.",
    low: "Lower end of the likely range.",
    high: "Upper end of the likely range.",
  };
}

const forecast: KeyTexts = {
  "": "Expected speed on this device. Null: unknown.",
  grade:
    "Basis of the forecast. `measured`: this model on this device. `calibrated`: another model on this device. " +
    "`prior`: the device's data sheet alone.",
  ...textsAt("prefill_at_start", rateTexts("Speed of reading a prompt with an empty context")),
  ...textsAt("prefill_at_full_context", rateTexts("Speed of reading a prompt with a full context")),
  ...textsAt("decode_at_start", rateTexts("Speed of writing a reply with an empty context")),
  ...textsAt("decode_at_full_context", rateTexts("Speed of writing a reply with a full context")),
};

const quality: KeyTexts = {
  "": "Expected loss of quality by quantization, compared with the same model unquantized. Null: unknown.",
  grade: "Basis of the forecast. `prior`: published measurements of other models.",
  expected_divergence:
    "Mean Kullback–Leibler divergence of the next token, in nats: 0.01 is hardly noticeable, 0.1 is noticeable, " +
    "from 0.5 on replies break down.",
  low: "Lower end of the likely range, in nats.",
  high: "Upper end of the likely range, in nats.",
};

export const fitPlanTexts: KeyTexts = {
  "": "How to load a model on a device, and the memory that it needs.",
  model_path: { description: "Model file to load.", examples: ["/models/small-q4_0.gguf"] },
  ...textsAt("model", modelSummaryTexts),
  quantize_to: "Type to quantize the file's weights to before loading, such as `q4_0`. Null: load the file unchanged.",
  context_tokens: "Length of the context, in tokens.",
  longest_context_tokens:
    "Longest context that fits the same budget, in tokens; at most what the model was trained for. Absent: unknown.",
  kv_type: { description: "Element type of the KV cache.", examples: ["f16", "q8_0"] },
  batch_tokens: "Prompt tokens that are evaluated at once.",
  prefill_threads: "Threads for reading prompts.",
  decode_threads: "Threads for writing replies.",
  maps_file: "True: weights are mapped from the file. False: they are read into memory.",
  constrains_output: "Whether there is memory to hold replies to a schema.",
  choosing_tokens: {
    description: "Length of the second context that scores the tools for a message, in tokens. 0: there is none.",
    default: 0,
  },
  draft_tokens: { description: "Tokens that may be drafted and checked in one batch. 0: drafts are off.", default: 0 },
  ...textsAt("ledger", ledger),
  ...textsAt("forecast", forecast),
  ...textsAt("quality", quality),
};
