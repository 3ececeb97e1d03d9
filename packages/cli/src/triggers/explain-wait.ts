import type { TriggerSettings } from "@nanoagent/models";
import { findTriggerService } from "./find-trigger-service.js";

/** Time after which somebody who waits for an event is told why it takes long. */
const WAIT_MILLISECONDS = 5000;

export interface WaitOptions {
  /** Folder of the events. */
  readonly folder: string;
  readonly trigger: TriggerSettings;
  readonly say: (message: string) => void;
  /** Default: 5000. */
  readonly milliseconds?: number | undefined;
}

/** Says once why the work on an event in a running service takes long, if the service knows it. Returns a function that ends that. */
export function explainWait({ milliseconds = WAIT_MILLISECONDS, ...options }: WaitOptions): () => void {
  let isOver = false;
  const explain = async () => {
    const problem = await findProblem(options).catch(() => null);
    if (!isOver && problem !== null) options.say(problem);
  };
  const timer = setTimeout(() => void explain(), milliseconds);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/** Returns the problem of the trigger, or that of the broker if an answer goes there. */
async function findProblem({ folder, trigger }: WaitOptions): Promise<string | null> {
  const status = (await findTriggerService(folder))?.status;
  const state = status?.triggers?.list.find(({ name }) => name === trigger.name);
  const answers = [trigger.then ?? []].flat();
  const broker = answers.some((answer) => "mqtt" in answer) ? status?.mqtt : null;
  return state?.problem ?? broker?.problem ?? null;
}
