/** @typedef {"ms" | "µs" | "s" | "MB" | "packages" | "%" | "×" | "turns"} Unit */

/**
 * Figure of the report.
 *
 * @typedef {object} ReportRow
 * @property {string} figure stable name: `question/subject/measure`
 * @property {string} question title of the group that has the row
 * @property {string} subject
 * @property {string} measure
 * @property {Unit} unit
 * @property {boolean} overBare whether the share of bare Node is subtracted
 * @property {number} minimum
 * @property {number} median
 * @property {number} runs
 * @property {string} [note]
 */

/**
 * Row of a subject that could not be measured.
 *
 * @typedef {object} FailedRow
 * @property {string} figure
 * @property {string} question
 * @property {string} subject
 * @property {string} failure reason
 */

/** @typedef {ReportRow | FailedRow} Row */

export const questions = {
  start: "How long does a start take, and how much memory (minus bare `node -e 0`)?",
  turn: "How long does a turn take without a model?",
  session: "How does a long conversation perform, when a model sees its newest part?",
  program: "How does a long conversation with the program perform?",
  intents: "What do intents cost?",
  idle: "How much memory does an idle agent take?",
  serve: "What does serving an agent add?",
  triggers: "What does an agent take that waits for events?",
  profile: "What does profiling the device cost?",
  model: "How much memory does the engine take in addition to the model, and how fast does it restart?",
  engine: "How fast does a local model read and write, ÷ direct calls of llama.cpp (pairs, median of ratios)?",
  neighbors: "How fast on busy cores, ÷ the best fixed number of threads?",
  "first-token": "How long does it take from a start to the first token?",
  "one-word": "How long does a program take that answers with one word?",
  drafts: "How much do several tokens per step save?",
  abort: "How soon does an aborted reply end, and when is the engine free?",
  size: "How much is installed?",
};

/** @typedef {keyof typeof questions} QuestionKey */

/**
 * @param {[question: QuestionKey, subject: string, measure: string]} figure
 * @param {{ subject: string, measure: string, unit: Unit, overBare?: boolean, note?: string | undefined }} words
 * @param {import("./summarize-samples.mjs").Summary} summary
 * @returns {ReportRow}
 */
export function reportRow(figure, { subject, measure, unit, overBare = false, note }, summary) {
  const row = {
    figure: figure.join("/"),
    question: questions[figure[0]],
    subject,
    measure,
    unit,
    overBare,
    ...summary,
  };
  return note === undefined ? row : { ...row, note };
}

/**
 * @param {[question: QuestionKey, subject: string]} figure
 * @param {string} subject
 * @param {unknown} error
 * @returns {FailedRow}
 */
export function failedRow(figure, subject, error) {
  const failure = error instanceof Error ? error.message : String(error);
  return { figure: figure.join("/"), question: questions[figure[0]], subject, failure };
}

/** @param {Row} row @returns {row is FailedRow} */
export function isFailed(row) {
  return "failure" in row;
}
