import type { EngineMessage, EngineRequest, EngineTool } from "../engines/engine.js";
import { type ToolOutcome, uncertainFailures } from "../tools/tool-outcome.js";
import { ClaimFilter } from "./claim-filter.js";
import { asksForFiction, findClaim, isQuestion } from "./claims-act.js";
import { isEarlierAct } from "./earlier-acts.js";
import { nothingDone } from "./nothing-done.js";
import type { TextFilter } from "./text-filter.js";

/** Prevents the replies of one turn from claiming acts that did not happen. */
export class ActTruth {
  readonly #message: string;
  readonly #tools: readonly EngineTool[];
  readonly #isRequest: boolean;
  readonly #isFiction: boolean;
  #hasActed = false;

  constructor(message: string, tools: readonly EngineTool[]) {
    this.#message = message;
    this.#tools = tools;
    this.#isRequest = !isQuestion(message);
    this.#isFiction = asksForFiction(message);
  }

  /** Records the outcome of a call. One that timed out, was aborted or interrupted may have acted. */
  noteOutcome(name: string, { outcome }: Pick<ToolOutcome, "outcome">): void {
    const changesWorld = this.#tools.find((tool) => tool.name === name)?.changesWorld !== false;
    this.#hasActed ||= changesWorld && (outcome === "done" || uncertainFailures.includes(outcome));
  }

  /** Returns the filter for the reply to a request, or null where any claim is allowed. */
  filterFor({ messages }: EngineRequest): TextFilter | null {
    if (this.#hasActed || this.#isFiction) return null;
    const last = messages.findLastIndex(({ role }) => role === "user");
    const before: readonly EngineMessage[] = messages.slice(0, Math.max(0, last));
    return new ClaimFilter((sentence) => {
      const claim = findClaim(sentence, { isRequest: this.#isRequest });
      return claim === null || isEarlierAct(claim, this.#message, before, this.#tools) ? null : claim;
    });
  }

  /** Returns the text that the user sees instead of a claim. */
  correctionOf(claim: NonNullable<TextFilter["claim"]>): string {
    return nothingDone(this.#message, claim.language);
  }
}
