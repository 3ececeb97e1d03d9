import { asSentence } from "@nanoagent/models";
import { startProgram } from "@nanoagent/runtime/node";
import { fillText, onlyPlaceholder } from "../acts/template.js";
import { AnswerError } from "./answer-error.js";
import type { AnswerRun } from "./answer-run.js";

/** Time limit of a program that takes an answer, in milliseconds. */
const MAX_MILLISECONDS = 30_000;

/** Runs a program with the answer as its input. Each text of the command is one argument; no shell is involved. */
export async function runAnswerCommand([program = "", ...templates]: readonly string[], run: AnswerRun): Promise<void> {
  const { event, answer, key, signal, places } = run;
  const given = templates.map((template) => argumentOf(template, run));
  const environment = { NANOAGENT_IDEMPOTENCY_KEY: key, NANOAGENT_TRIGGER: event.trigger };
  const options = { folder: places.configFolder, environment, input: answer };
  const started = await startProgram([program, ...given], options).catch((cause: Error) => {
    throw new AnswerError(`The program for the answer cannot be started: ${asSentence(cause.message)}`, { cause });
  });
  let isOver = false;
  const stop = () => void started.stop();
  const timer = setTimeout(() => {
    isOver = true;
    stop();
  }, MAX_MILLISECONDS);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const end = await started.ended;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  if (end.exitCode === 0) return;
  const how = end.exitCode === null ? `by ${end.signal}` : `with code ${end.exitCode}`;
  const said = end.said === "" ? "" : `: ${end.said}`;
  const ending = isOver ? `did not end within ${MAX_MILLISECONDS / 1000} s` : `ended ${how}${said}`;
  throw new AnswerError(asSentence(`The program ${program} for the answer ${ending}`));
}

/** A value of an event must not become an option of the program. */
function argumentOf(template: string, { event, answer }: AnswerRun): string {
  const text = fillText(template, { event, answer });
  if (text.includes("\0")) throw new AnswerError("An argument for the answer has a NUL.", { isPermanent: true });
  if (text.startsWith("-") && !template.startsWith("-") && onlyPlaceholder(template) !== "answer") {
    const message = `The value of ${template} begins with -, so the program would read it as an option.`;
    throw new AnswerError(message, { isPermanent: true });
  }
  return text;
}
