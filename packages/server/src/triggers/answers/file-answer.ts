import { mkdir, open } from "node:fs/promises";
import path from "node:path";
import type { FileAnswer } from "@nanoagent/models";
import { fillText } from "../acts/template.js";
import { AnswerError } from "./answer-error.js";
import { type AnswerRun, answerBody } from "./answer-run.js";

/** Bytes at the end of a file in which an answer of an earlier try is looked for. */
const TAIL_BYTES = 256 * 1024;
const NEWLINE = 10;

/** Appends an answer to a file as a line of JSON, once, and syncs it. */
export async function appendAnswer({ path: template }: FileAnswer, run: AnswerRun): Promise<void> {
  const { event, answer, mayBeThere, places } = run;
  const file = path.resolve(places.configFolder, fillText(template, { event, answer }, { onValue: asName }));
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, "a+");
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, mayBeThere ? TAIL_BYTES : 1));
    const { bytesRead } = await handle.read(tail, 0, tail.length, size - tail.length);
    const end = tail.subarray(0, bytesRead);
    if (mayBeThere && hasLine(end.toString("utf8"), event.id)) return;
    // A line that a power cut left incomplete stays a line of its own.
    const separator = bytesRead > 0 && end[bytesRead - 1] !== NEWLINE ? "\n" : "";
    await handle.appendFile(`${separator}${JSON.stringify(answerBody(run))}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function hasLine(tail: string, event: string): boolean {
  const beginning = `{"event":${JSON.stringify(event)},`;
  return tail.split("\n").some((line) => line.startsWith(beginning) && line.endsWith("}"));
}

/** A value within a path is a part of a name, so that an event cannot choose another folder. */
function asName(value: string, placeholder: string): string {
  if (!/[/\\\0]/.test(value) && value !== "." && value !== ".." && value.length <= 100) return value;
  throw new AnswerError(`The value of {${placeholder}} cannot be a part of a file's name.`, { isPermanent: true });
}
