import type { PermissionAnswer } from "../permissions/permission-desk.js";
import type { RefusalReason } from "../turns/turn-answering.js";
import { Histogram } from "./histogram.js";
import { countTurn, noTurns, type TurnCounts } from "./turn-counts.js";
import type { TurnCost, TurnEnd } from "./watch-turn.js";

/** Upper bounds of a turn's length, in seconds: replies by rules take milliseconds, those of a slow device minutes. */
const TURN_BOUNDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Upper bounds of the time to the first token, in seconds. */
const FIRST_TOKEN_BOUNDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Calls of the agent's tools by their result. `aborted`: the turn ended before the tool did. */
export interface ToolCallCounts {
  done: number;
  failed: number;
  denied: number;
  aborted: number;
}

/** Figures of a service since it started. They only grow, also while its agent is replaced. */
export class ServiceFigures {
  readonly turns: TurnCounts = noTurns();
  /** Seconds from a request to the end of its turn. */
  readonly turnSeconds = new Histogram(TURN_BOUNDS);
  /** Seconds from a request to the first text or tool call. */
  readonly firstTokenSeconds = new Histogram(FIRST_TOKEN_BOUNDS);
  readonly toolCalls: ToolCallCounts = { done: 0, failed: 0, denied: 0, aborted: 0 };
  /** Questions for permission by their answer. */
  readonly permissions: Record<PermissionAnswer, number> = { allowed: 0, denied: 0, unanswered: 0 };
  /** Requests that got no place among the turns, by the reason. */
  readonly refusals: Record<RefusalReason, number> = { "queue-full": 0, stopping: 0 };
  /** Tokens per second of the last reply of a model, or null before one. */
  tokensPerSecond: number | null = null;
  /** Respawns of the engines of agents that were replaced. */
  #earlierRespawns = 0;
  #respawns = 0;

  /** Number of times that an engine's process was started again after it had failed. */
  get respawns(): number {
    return this.#earlierRespawns + this.#respawns;
  }

  addTurn(end: TurnEnd, { milliseconds, first_milliseconds, tool_calls, tool_results }: TurnCost): void {
    if (tool_calls === 0) this.#noteSpeed(end, milliseconds, first_milliseconds);
    if (end === null) this.turns.aborted += 1;
    else countTurn(this.turns, end);
    this.turnSeconds.add(milliseconds / 1000);
    if (first_milliseconds !== null) this.firstTokenSeconds.add(first_milliseconds / 1000);
    const { done, failed, denied } = tool_results;
    this.toolCalls.done += done;
    this.toolCalls.failed += failed;
    this.toolCalls.denied += denied;
    this.toolCalls.aborted += Math.max(0, tool_calls - done - failed - denied);
  }

  /** The speed of writing, from the first token to the last, of a turn without tools. */
  #noteSpeed(end: TurnEnd, milliseconds: number, firstMilliseconds: number | null): void {
    if (end?.type !== "run-end" || firstMilliseconds === null) return;
    const tokens = end.usage?.completion_tokens ?? 0;
    const seconds = (milliseconds - firstMilliseconds) / 1000;
    if (tokens > 1 && seconds > 0) this.tokensPerSecond = (tokens - 1) / seconds;
  }

  addRefusal(reason: RefusalReason): void {
    this.refusals[reason] += 1;
  }

  addAnswer(answer: PermissionAnswer): void {
    this.permissions[answer] += 1;
  }

  /** Takes over the count of the agent's engine. */
  noteRespawns(count: number): void {
    this.#respawns = Math.max(this.#respawns, count);
  }

  /** Continues with the engine of another agent, which counts from 0. */
  beginAgent(): void {
    this.#earlierRespawns = this.respawns;
    this.#respawns = 0;
  }
}
