import { cutText, type ExpectedCall, type ScenarioTool, type ScenarioTurn } from "@nanoagent/models";
import { foldCase } from "../fold-case.js";
import { isSameJson } from "../json-schema/check-value.js";
import { isPlainObject } from "../json-schema/is-plain-object.js";
import { matchesArgument, matchesPattern, readPattern } from "./argument-matcher.js";

/**
 * What a turn led to:
 *
 * - `right`: exactly the expected calls, and the expected reply where one is given.
 * - `wrong`: a call of another tool, with other arguments or one too many; or the right calls and another reply.
 * - `missed`: calls were expected, and none came, or only some of them.
 * - `needless`: no call was expected, and one came.
 * - `invalid`: a call of no tool of the file, or with arguments that break the schema, whatever came after it.
 */
export type Verdict = "right" | "wrong" | "missed" | "needless" | "invalid";

/** A call that was made in a turn. */
export interface ObservedCall {
  readonly name: string;
  readonly arguments: unknown;
  /** Why the call could not run, or null. */
  readonly issue: string | null;
}

/** What happened in a turn. */
export interface ObservedTurn {
  readonly calls: readonly ObservedCall[];
  readonly reply: string;
  /** Message of the error that ended the turn, or null. */
  readonly error: string | null;
}

export interface TurnJudgement {
  readonly verdict: Verdict;
  /** What was not right, as a sentence; null for what was. */
  readonly why: string | null;
}

/** Arguments are shown in brief. */
const MAX_ARGUMENT_CHARACTERS = 200;
const RIGHT: TurnJudgement = { verdict: "right", why: null };
/** The signs that end a question, of scripts that have one of their own; Greek uses the semicolon, at the end. */
const QUESTION = /[?？؟՞፧⸮\u037E]|;\s*$/u;

/** Judges a turn by what was expected of it. Pure: the same turn always has the same verdict. */
export function judgeTurn(turn: ScenarioTurn, observed: ObservedTurn, tools: readonly ScenarioTool[]): TurnJudgement {
  const { calls, error } = observed;
  const expected = expectedCalls(turn);
  const invalid = calls.find(({ issue }) => issue !== null);
  if (invalid !== undefined) return { verdict: "invalid", why: `${invalid.name}: ${invalid.issue}` };
  if (expected.length === 0 && calls.length > 0) {
    return { verdict: "needless", why: `${described(calls)} was called, and no call was expected.` };
  }
  const pairs = pairUp(expected, calls, tools);
  if (pairs < calls.length) {
    return { verdict: "wrong", why: `Called ${described(calls)}, expected ${describedExpectation(expected)}.` };
  }
  if (pairs < expected.length) {
    const made = calls.length === 0 ? "nothing was called" : `only ${described(calls)} was called`;
    const failure = error === null ? "" : ` The turn failed: ${error}`;
    return { verdict: "missed", why: `Expected ${describedExpectation(expected)}; ${made}.${failure}` };
  }
  if (error !== null) return { verdict: "wrong", why: `The turn failed: ${error}` };
  const fault = replyFault(turn, observed.reply);
  return fault === null ? RIGHT : { verdict: "wrong", why: fault };
}

export function expectedCalls({ expect }: Pick<ScenarioTurn, "expect">): readonly ExpectedCall[] {
  return expect === undefined || expect === "none" ? [] : expect;
}

/** The most calls that can each be paired with an expected one of its own. */
function pairUp(
  expected: readonly ExpectedCall[],
  calls: readonly ObservedCall[],
  tools: readonly ScenarioTool[],
): number {
  const takenBy = new Map<number, number>();
  const place = (index: number, tried: Set<number>): boolean =>
    calls.some((call, at) => {
      if (tried.has(at) || !isCall(expected[index] as ExpectedCall, call, tools)) return false;
      tried.add(at);
      const other = takenBy.get(at);
      if (other !== undefined && !place(other, tried)) return false;
      takenBy.set(at, index);
      return true;
    });
  return expected.filter((_, index) => place(index, new Set())).length;
}

function isCall(expected: ExpectedCall, call: ObservedCall, tools: readonly ScenarioTool[]): boolean {
  if (call.name !== expected.tool) return false;
  const wanted = expected.arguments ?? {};
  const given = isPlainObject(call.arguments) ? call.arguments : {};
  const { properties, required } = tools.find(({ name }) => name === call.name)?.parameters ?? {};
  const isRequired = (key: string) => Array.isArray(required) && required.includes(key);
  const defaultOf = (key: string) => {
    const property = isPlainObject(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
    return !isRequired(key) && isPlainObject(property) ? property.default : undefined;
  };
  const keys = new Set([...Object.keys(wanted), ...Object.keys(given)]);
  return [...keys].every((key) => {
    // A key that may be absent says the same when it is there with its default.
    const actual = Object.hasOwn(given, key) ? given[key] : defaultOf(key);
    if (Object.hasOwn(wanted, key)) {
      return actual === undefined ? !isRequired(key) && isAny(wanted[key]) : matchesArgument(wanted[key], actual);
    }
    return actual !== undefined && isSameJson(defaultOf(key), actual);
  });
}

function isAny(expected: unknown): boolean {
  return isPlainObject(expected) && expected.any === true;
}

function replyFault({ asks, reply: wanted = {} }: ScenarioTurn, reply: string): string | null {
  if (asks && !QUESTION.test(reply)) return "The reply asks nothing.";
  const folded = fold(reply);
  const missing = wanted.contains?.find((text) => !folded.includes(fold(text)));
  if (missing !== undefined) return `The reply does not contain ${JSON.stringify(missing)}.`;
  const forbidden = wanted.forbids?.find((text) => folded.includes(fold(text)));
  if (forbidden !== undefined) return `The reply contains ${JSON.stringify(forbidden)}.`;
  if (wanted.pattern === undefined) return null;
  const pattern = readPattern(wanted.pattern);
  return pattern !== null && matchesPattern(pattern, reply) ? null : "The reply does not match the pattern.";
}

function fold(text: string): string {
  return foldCase(text, "plain");
}

function described(calls: readonly ObservedCall[]): string {
  return calls.map(({ name, arguments: given }) => inBrief(name, given)).join(" and ");
}

function describedExpectation(calls: readonly ExpectedCall[]): string {
  return calls.map(({ tool, arguments: wanted = {} }) => inBrief(tool, wanted)).join(" and ");
}

function inBrief(name: string, given: unknown): string {
  return `${name}(${cutText(JSON.stringify(given) ?? "", MAX_ARGUMENT_CHARACTERS)})`;
}
