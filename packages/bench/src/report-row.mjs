/** @typedef {"ms" | "µs" | "s" | "MB" | "packages" | "%" | "×" | "turns"} Unit */

/**
 * One figure of the report.
 *
 * @typedef {object} ReportRow
 * @property {string} figure its stable name: `question/subject/measure`
 * @property {string} question what the group asks; rows of one question stand together
 * @property {string} subject
 * @property {string} measure
 * @property {Unit} unit
 * @property {boolean} overBare whether bare Node's own share has been taken off
 * @property {number} minimum
 * @property {number} median
 * @property {number} runs
 * @property {string} [note]
 */

/**
 * Stands in place of the figures of a subject that could not be measured.
 *
 * @typedef {object} FailedRow
 * @property {string} figure
 * @property {string} question
 * @property {string} subject
 * @property {string} failure why
 */

/** @typedef {ReportRow | FailedRow} Row */

export const questions = {
  start: "How long does it take to start, and how much memory (over bare `node -e 0`)?",
  turn: "What does one turn cost, without any model?",
  session: "What happens in a long conversation, of which a model is shown the newest part?",
  program: "What happens in a long conversation with the program?",
  intents: "What do sentences cost that are answered without a model?",
  idle: "What does an agent cost that waits?",
  profile: "What does it take to know the device?",
  model: "What does nanoagent's engine take beside a local model, and how does it come back?",
  engine:
    "How fast does a local model read and write, of what llama.cpp driven directly takes (pairs, median of ratios)?",
  neighbors: "And while other processes keep cores busy, of the best fixed number of threads?",
  "first-token": "What does it take from a start to the first token?",
  "one-word": "What does a program take that answers with one word, to its end?",
  drafts: "What do several tokens a step bring?",
  abort: "How soon does an aborted reply end, and is the engine free?",
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
