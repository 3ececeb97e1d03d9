/** @typedef {import("./budgets.mjs").Budget} Budget */

const SERVER = "llama-server";
const MODELS = ["135m", "0.5b", "1.5b"];

/** The same limit for several models. @param {readonly string[]} subjects @param {(subject: string) => Budget} write */
const each = (subjects, write) => subjects.map(write);

/** @param {readonly string[]} endings */
const withEach = (endings) => MODELS.flatMap((model) => endings.map((ending) => `${model}-${ending}`));

const threads = withEach(["one", "two"]);
const neighbors = withEach(["0", "1", "2"]);

/** @param {string} figure @param {string} what @param {number} limit @param {string} reason @returns {Budget} */
function times(figure, what, limit, reason) {
  return { figure, what, limit, unit: "×", kind: "time", reason };
}

/** Budgets of what runs a local model, for each model that the bench knows. @type {readonly Budget[]} */
export const modelBudgets = [
  ...each(threads, (subject) =>
    times(
      `engine/${subject}/prefill-cpu`,
      `CPU time of reading a token with ${subject} threads, of that when llama.cpp is driven directly`,
      1 / 0.97,
      "Slices that an abort can end, a window and a guard may take 3 % of it.",
    ),
  ),
  ...each(threads, (subject) =>
    times(
      `engine/${subject}/decode-cpu`,
      `CPU time of writing a token with ${subject} threads, of that when llama.cpp is driven directly`,
      1 / 0.97,
      "Sampling options, text and the way to the program may take 3 % of it.",
    ),
  ),
  ...each(neighbors, (subject) =>
    times(
      `neighbors/${subject}/prefill`,
      `time of reading a token with ${subject} busy neighbors, of the best fixed number of threads`,
      1.3,
      "A board does other work too, and threads that wait for each other are thirty times slower.",
    ),
  ),
  ...each(neighbors, (subject) =>
    times(
      `neighbors/${subject}/decode`,
      `time of writing a token with ${subject} busy neighbors, of the best fixed number of threads`,
      1.3,
      "The same, for every token of a reply.",
    ),
  ),
  ...MODELS.flatMap((model) =>
    ["program", "library"].flatMap((way) => [
      times(
        `first-token/${model}/${way}-cpu`,
        `CPU time from start to first token with ${model}, ${way}, of that of the bare loop`,
        1.15,
        "A second process, a plan and a guard: what they cost must vanish beside the model's own start.",
      ),
      {
        ...times(
          `first-token/${model}/${way}-wall-of-server`,
          `time from start to first token with ${model}, ${way}, of that of ${SERVER}`,
          1,
          "A script that runs a model for one question is what people use a server for.",
        ),
        rival: SERVER,
      },
    ]),
  ),
  ...each(MODELS, (model) =>
    times(
      `one-word/${model}/program-cpu`,
      `CPU time of a one-word answer with ${model}, default settings, of that of the bare loop`,
      1.15,
      "Context is taken as it is needed: a small question costs little with any model.",
    ),
  ),
  ...MODELS.flatMap((model) =>
    ["quote", "summary", "edit", "json", "chat"].map((kind) =>
      times(
        `drafts/${model}/${kind}`,
        `CPU time of a token with drafts (${kind}, ${model}), of that without`,
        1 / 0.97,
        "Drafts that do not pay must be switched off before they cost anything.",
      ),
    ),
  ),
  ...MODELS.flatMap((model) =>
    ["record", "call"].map((kind) =>
      times(
        `drafts/${model}/${kind}`,
        `CPU time of a token that a schema holds (${kind}, ${model}), of one of free text`,
        model === "135m" ? 1 : 0.75,
        "A schema leaves no choice about half of a record's tokens; on the smallest model a batch costs more.",
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
        reason: "Whoever presses a key wants to see that it worked.",
      }),
      /** @type {Budget} */ ({
        figure: `abort/${model}/${work}-free`,
        what: `what a message waits that comes after an abort (${work}, ${model})`,
        limit: 1000,
        unit: "ms",
        kind: "time",
        judgedBy: "median",
        reason: "One slice of a prompt, which never takes longer than a second where a single token does not.",
      }),
    ]),
  ),
  {
    figure: "program/nanoagent/growth",
    what: "growth of the program's RSS over 10,000 turns",
    limit: 12,
    unit: "MB",
    kind: "memory",
    reason: "It runs for months beside the model; the program may tell V8 so.",
  },
  times(
    "program/nanoagent/slowdown",
    "a turn of the program at the end of 10,000, of one at the beginning",
    1.1,
    "What a turn costs may not depend on how many came before it.",
  ),
];
