import type { PermissionRequest } from "@nanoagent/runtime";

/** Most questions that wait at the same time. A further one is answered with no. */
const MAX_QUESTIONS = 32;
/** Longest delay that setTimeout accepts, in milliseconds. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;
/** Default for {@link PermissionDeskOptions.askSeconds}. */
const DEFAULT_ASK_SECONDS = 60;

/** A question for permission that waits for an answer. */
export interface Question {
  /** Unguessable. */
  readonly id: string;
  readonly request: PermissionRequest;
  /** Seconds until the question is refused. */
  readonly seconds: number;
}

/** Shows a question to somebody who can answer it. The signal aborts when the question is over. */
export type ShowQuestion = (question: Question, options: { signal: AbortSignal }) => void;

/** How a question ended. `unanswered`: nobody could answer, nobody did in time, or the turn ended first. */
export type PermissionAnswer = "allowed" | "denied" | "unanswered";

export interface PermissionDeskOptions {
  /** Longest wait for an answer, in seconds. Default: 60. */
  askSeconds?: number | undefined;
  /** Clock, in milliseconds. Default: the system's. */
  now?: (() => number) | undefined;
  /** Called when a question is over. Default: nothing. */
  onAnswer?: ((answer: PermissionAnswer) => void) | undefined;
}

export interface AskOptions {
  /** Ends the question with no: the turn was aborted, or its client has left. */
  signal: AbortSignal;
  /** Shows the question to the client of the reply. Null if that client cannot answer. */
  stream: ShowQuestion | null;
}

interface OpenQuestion {
  request: PermissionRequest;
  /** When the question is refused, by the clock of the desk. */
  endsAt: number;
  /** Whether the client of the reply can answer. */
  isStreamed: boolean;
  over: AbortController;
  settle: (answer: PermissionAnswer) => void;
}

/**
 * Questions for permission, and those who can answer them: everyone who is attached (a terminal, a page), and the client
 * of the reply in question.
 *
 * - A question that nobody can answer is refused at once. When the last one who can answer leaves, open questions are
 *   refused.
 * - The first answer counts. Without one, a question is refused after `askSeconds`, or when the signal aborts.
 * - At most 32 questions wait. A further one is refused.
 */
export class PermissionDesk {
  /** Longest wait for an answer, in seconds. A new value counts for later questions. */
  askSeconds: number;
  readonly #now: () => number;
  readonly #onAnswer: (answer: PermissionAnswer) => void;
  readonly #questions = new Map<string, OpenQuestion>();
  readonly #attached = new Set<{ show: ShowQuestion }>();

  constructor({ askSeconds = DEFAULT_ASK_SECONDS, now = Date.now, onAnswer = () => {} }: PermissionDeskOptions = {}) {
    this.askSeconds = askSeconds;
    this.#now = now;
    this.#onAnswer = onAnswer;
  }

  /** The questions that wait, oldest first, with the seconds that are left. */
  get waiting(): readonly Question[] {
    return [...this.#questions].map(([id, question]) => this.#shown(id, question));
  }

  /** Asks everyone who can answer. Resolves with the answer, never rejects. */
  ask(request: PermissionRequest, { signal, stream }: AskOptions): Promise<boolean> {
    const isAnyoneThere = stream !== null || this.#attached.size > 0;
    if (!isAnyoneThere || signal.aborted || this.#questions.size >= MAX_QUESTIONS) {
      this.#onAnswer("unanswered");
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      const id = crypto.randomUUID();
      const milliseconds = Math.min(this.askSeconds * 1000, MAX_TIMER_MILLISECONDS);
      const refuse = () => settle("unanswered");
      const settle = (answer: PermissionAnswer) => {
        if (!this.#questions.delete(id)) return;
        clearTimeout(timer);
        signal.removeEventListener("abort", refuse);
        resolve(answer === "allowed");
        this.#onAnswer(answer);
        question.over.abort();
      };
      const timer = setTimeout(refuse, milliseconds);
      const endsAt = this.#now() + milliseconds;
      const question = { request, endsAt, isStreamed: stream !== null, over: new AbortController(), settle };
      signal.addEventListener("abort", refuse, { once: true });
      this.#questions.set(id, question);
      for (const show of [...(stream === null ? [] : [stream]), ...[...this.#attached].map((one) => one.show)]) {
        if (this.#questions.has(id)) this.#show(show, id, question);
      }
    });
  }

  /** Answers a question. Returns false for a question that is unknown or over. */
  answer(id: string, allow: boolean): boolean {
    const question = this.#questions.get(id);
    question?.settle(allow ? "allowed" : "denied");
    return question !== undefined;
  }

  /**
   * Adds somebody who can answer. `onQuestion` gets the questions that wait already, and then every new one. Returns a
   * function that removes them again.
   */
  attach(onQuestion: ShowQuestion): () => void {
    const one = { show: onQuestion };
    this.#attached.add(one);
    for (const [id, question] of [...this.#questions]) {
      if (this.#questions.has(id)) this.#show(onQuestion, id, question);
    }
    return () => {
      if (!this.#attached.delete(one) || this.#attached.size > 0) return;
      for (const question of [...this.#questions.values()]) if (!question.isStreamed) question.settle("unanswered");
    };
  }

  /** Answers all questions with no. */
  close(): void {
    for (const question of [...this.#questions.values()]) question.settle("unanswered");
  }

  #shown(id: string, { request, endsAt }: OpenQuestion): Question {
    return { id, request, seconds: Math.max(0, Math.ceil((endsAt - this.#now()) / 1000)) };
  }

  #show(show: ShowQuestion, id: string, question: OpenQuestion): void {
    try {
      show(this.#shown(id, question), { signal: question.over.signal });
    } catch {
      // The others can still answer, and the time limit holds.
    }
  }
}
