/** @typedef {import("./budgets.mjs").Budget} Budget */

const SERVER = "llama-server";
const MODELS = ["135m", "0.5b", "1.5b"];

/** Returns a budget for each subject. @param {readonly string[]} subjects @param {(subject: string) => Budget} write */
const each = (subjects, write) => subjects.map(write);

/** @param {readonly string[]} endings */
const withEach = (endings) => MODELS.flatMap((model) => endings.map((ending) => `${model}-${ending}`));

const threads = withEach(["one", "two"]);
const neighbors = withEach(["0", "1", "2"]);

/** @param {string} figure @param {string} what @param {number} limit @param {string} reason @returns {Budget} */
function times(figure, what, limit, reason) {
  return { figure, what, limit, unit: "×", kind: "time", reason };
}

/** Budgets for local models, for each model of the bench. @type {readonly Budget[]} */
export const modelBudgets = [
  ...each(threads, (subject) =>
    times(
      `engine/${subject}/prefill-cpu`,
      `CPU time per token read (${subject} threads), ÷ direct calls of llama.cpp`,
      1 / 0.97,
      "Slices for aborts, the window and the guard may take 3 %.",
    ),
  ),
  ...each(threads, (subject) =>
    times(
      `engine/${subject}/decode-cpu`,
      `CPU time per token written (${subject} threads), ÷ direct calls of llama.cpp`,
      1 / 0.97,
      "Sampling, text and transport to the program may take 3 %.",
    ),
  ),
  ...each(neighbors, (subject) =>
    times(
      `neighbors/${subject}/prefill`,
      `time per token read (${subject} busy neighbors), ÷ the best fixed number of threads`,
      1.3,
      "A board has other work as well, and threads that wait for each other are thirty times slower.",
    ),
  ),
  ...each(neighbors, (subject) =>
    times(
      `neighbors/${subject}/decode`,
      `time per token written (${subject} busy neighbors), ÷ the best fixed number of threads`,
      1.3,
      "As above, for every token of a reply.",
    ),
  ),
  ...MODELS.flatMap((model) =>
    ["program", "library"].flatMap((way) => [
      times(
        `first-token/${model}/${way}-cpu`,
        `CPU time from start to first token (${model}, ${way}), ÷ the bare loop`,
        1.15,
        "The second process, the plan and the guard must cost little compared with loading the model.",
      ),
      {
        ...times(
          `first-token/${model}/${way}-wall-of-server`,
          `time from start to first token (${model}, ${way}), ÷ ${SERVER}`,
          1,
          "People use a server for scripts that ask a model one question.",
        ),
        rival: SERVER,
      },
    ]),
  ),
  ...each(MODELS, (model) =>
    times(
      `one-word/${model}/program-cpu`,
      `CPU time of a one-word answer (${model}, default settings), ÷ the bare loop`,
      1.15,
      "Context memory is used only as needed: a short question is cheap with any model.",
    ),
  ),
  ...MODELS.flatMap((model) =>
    ["quote", "summary", "edit", "json", "chat"].map((kind) =>
      times(
        `drafts/${model}/${kind}`,
        `CPU time per token with drafts (${kind}, ${model}), ÷ without`,
        1 / 0.97,
        "Drafts that do not pay must be switched off before they cost much.",
      ),
    ),
  ),
  ...MODELS.flatMap((model) =>
    ["record", "call"].map((kind) =>
      times(
        `drafts/${model}/${kind}`,
        `CPU time per token under a schema (${kind}, ${model}), ÷ free text`,
        model === "135m" ? 1 : 0.75,
        "A schema decides half of the tokens of a record. On the smallest model a batch costs more.",
      ),
    ),
  ),
  ...MODELS.flatMap((model) =>
    ["reading", "writing"].flatMap((work) => [
      /** @type {Budget} */ ({
        figure: `abort/${model}/${work}-reply`,
        what: `from an abort to the end of the reply (${work}, ${model})`,
        limit: 250,
        unit: "ms",
        kind: "time",
        judgedBy: "median",
        reason: "Users who press a key want to see an effect.",
      }),
      /** @type {Budget} */ ({
        figure: `abort/${model}/${work}-free`,
        what: `wait of the message after an abort (${work}, ${model})`,
        limit: 1000,
        unit: "ms",
        kind: "time",
        judgedBy: "median",
        reason: "At most one slice of a prompt, which takes less than a second unless a single token takes longer.",
      }),
    ]),
  ),
  {
    figure: "program/nanoagent/growth",
    what: "growth of the program's RSS over 10,000 turns",
    limit: 12,
    unit: "MB",
    kind: "memory",
    reason: "It runs for months together with the model.",
  },
  times(
    "program/nanoagent/slowdown",
    "a turn of the program at the end of 10,000, ÷ a turn at the beginning",
    1.1,
    "The cost of a turn must not depend on the number of turns before it.",
  ),
];
