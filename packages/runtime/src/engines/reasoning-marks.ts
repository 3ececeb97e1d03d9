/** Marks that a family of models writes around its reasoning. */
export interface ReasoningMarks {
  /** Texts that begin reasoning. The first is the usual one. */
  start: readonly string[];
  /** Texts that end reasoning. The first is the usual one. */
  end: readonly string[];
  /** Texts that may precede the answer and are not part of it. Default: none. */
  beforeAnswer?: readonly string[];
  /** Texts that may follow the answer and are not part of it. Default: none. */
  afterAnswer?: readonly string[];
  /** Whether an end mark counts only after a start mark. Default: false. */
  needsStart?: boolean;
  /** Text that the reply must begin with for an end mark to count without a start mark. Default: any. */
  onlyBehind?: string;
}

const tags = (name: string): ReasoningMarks => ({ start: [`<${name}>`], end: [`</${name}>`] });

/** Marks of all known families. To support a new family, add a row. */
export const reasoningMarks: readonly ReasoningMarks[] = [
  // Qwen 3, DeepSeek, SmolLM3, GLM, Nemotron, Phi, Granite 3.3, Hunyuan
  {
    start: ["<think>"],
    end: ["</think>"],
    beforeAnswer: ["<response>", "<answer>", "<|begin_of_box|>"],
    afterAnswer: ["</response>", "</answer>", "<|end_of_box|>"],
  },
  // Magistral, Ministral 3
  { start: ["[THINK]"], end: ["[/THINK]"] },
  // Gemma 4
  { start: ["<|channel>thought"], end: ["<channel|>"] },
  // Seed-OSS
  tags("seed:think"),
  // MiniMax
  tags("mm:think"),
  // Apertus
  { start: ["<|inner_prefix|>"], end: ["<|inner_suffix|>"] },
  // Cohere
  {
    start: ["<|START_THINKING|>"],
    end: ["<|END_THINKING|>"],
    beforeAnswer: ["<|START_RESPONSE|>", "<|START_TEXT|>"],
    afterAnswer: ["<|END_RESPONSE|>", "<|END_TEXT|>"],
  },
  // gpt-oss
  {
    start: ["<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>analysis<|message|>"],
    end: ["<|end|>"],
    beforeAnswer: [
      "<|start|>assistant<|channel|>final<|message|>",
      "<|start|>assistant<|channel|>commentary<|message|>",
      "<|channel|>final<|message|>",
      "<|channel|>commentary<|message|>",
      "<|start|>assistant",
    ],
    afterAnswer: ["<|return|>"],
    needsStart: true,
  },
  // gpt-oss behind a server that removes control tokens
  { start: [], end: ["assistantfinal"], onlyBehind: "analysis" },
  // Granite 3.2
  {
    start: ["Here is my thought process:", "Here's my thought process:"],
    end: ["Here is my response:", "Here's my response:"],
    needsStart: true,
  },
  // Kimi
  { start: ["◁think▷"], end: ["◁/think▷"] },
  // MedGemma
  { start: ["<unused94>thought"], end: ["<unused95>"] },
  // OpenThinker, Sky-T1
  {
    start: ["<|begin_of_thought|>"],
    end: ["<|end_of_thought|>"],
    beforeAnswer: ["<|begin_of_solution|>"],
    afterAnswer: ["<|end_of_solution|>"],
  },
  // Cogito, EXAONE Deep, Reflection and others
  ...["thought", "thinking", "reasoning", "reflection", "longcat_think", "scratchpad", "analysis"].map(tags),
  { start: ["<|think|>"], end: ["<|/think|>", "<|end_think|>"] },
  { start: ["<|thinking|>"], end: ["<|/thinking|>", "<|end_thinking|>"] },
];

/** Whether a text, such as the end of a prompt, ends inside reasoning. */
export function opensThought(text: string): boolean {
  return reasoningMarks.some(({ start, end, needsStart = false }) => {
    const opened = lastPlace(text, start);
    return (
      opened >= 0 &&
      opened > lastPlace(text, end) &&
      !(needsStart && !start.some((mark) => text.trimEnd().endsWith(mark)))
    );
  });
}

/** Returns the text that ends the reasoning in which a text ends, or an empty text. */
export function endOfThought(text: string): string {
  const place = ({ start }: ReasoningMarks) => lastPlace(text, start);
  const opened = reasoningMarks.filter((marks) => place(marks) >= 0);
  opened.sort((one, other) => place(other) - place(one));
  return opened[0]?.end[0] ?? "";
}

function lastPlace(text: string, marks: readonly string[]): number {
  return Math.max(...marks.map((mark) => text.lastIndexOf(mark)));
}

/** All texts that mark reasoning or an answer. */
export const markTexts: readonly string[] = reasoningMarks.flatMap(
  ({ start, end, beforeAnswer = [], afterAnswer = [] }) => [...start, ...end, ...beforeAnswer, ...afterAnswer],
);
