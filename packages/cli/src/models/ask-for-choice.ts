import type { ModelChoice } from "@nanoagent/hub";
import { plainLine } from "../output/plain-text.js";
import type { Streams } from "../streams.js";

/** Asks at a terminal which quantization to download. Returns null if the user ends the question. */
export async function askForChoice(
  choices: readonly ModelChoice[],
  best: ModelChoice | null,
  { stdin, stderr, stop }: Streams,
): Promise<ModelChoice | null> {
  const fitting = choices.filter(({ plan }) => plan !== null);
  if (fitting.length <= 1) return best;
  const usual = best === null ? "" : String(choices.indexOf(best) + 1);
  const { Questions } = await import("../input/questions.js");
  const questions = new Questions({ stdin, stdout: stderr, stop });
  try {
    for (;;) {
      const answer = await questions.ask("Number or quantization to download (Ctrl-C for none)", usual);
      if (answer === null) return null;
      const chosen =
        choices[Number(answer) - 1] ??
        choices.find(({ quantization }) => quantization?.toLowerCase() === answer.toLowerCase());
      if (chosen !== undefined) return chosen;
      stderr.write(`"${plainLine(answer)}" is not in the table. Type a number from 1 to ${choices.length}.\n`);
    }
  } finally {
    questions.close();
  }
}
