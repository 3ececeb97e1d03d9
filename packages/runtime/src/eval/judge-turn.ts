import { cutText, type ExpectedCall, type ScenarioTool, type ScenarioTurn } from "@nanoagent/models";
import { foldCase } from "../fold-case.js";
import { isSameJson } from "../json-schema/check-value.js";
import { isPlainObject } from "../json-schema/is-plain-object.js";
import { matchesArgument, matchesPattern, readPattern } from "./argument-matcher.js";

/**
 * Verdict on a turn:
 *
 * - `right`: exactly the expected calls, and the expected reply where one is given.
 * - `wrong`: a call of another tool, with other arguments or in excess; or the right calls with another reply.
 * - `missed`: not all of the expected calls were made.
 * - `needless`: a call was made although none was expected.
 * - `invalid`: a call of an unknown tool or with arguments that violate the schema, whatever followed.
 */
export type Verdict = "right" | "wrong" | "missed" | "needless" | "invalid";

/** A call that was made during a turn. */
export interface ObservedCall {
  readonly name: string;
  readonly arguments: unknown;
  /** Why the call could not run, or null. */
  readonly issue: string | null;
}

/** Observations of one turn. */
export interface ObservedTurn {
  readonly calls: readonly ObservedCall[];
  readonly reply: string;
  /** Message of the error that ended the turn, or null. */
  readonly error: string | null;
}

export interface TurnJudgement {
  readonly verdict: Verdict;
  /** The mistake as a sentence, or null for a right turn. */
  readonly why: string | null;
}

/** Most characters of arguments in an explanation. */
const MAX_ARGUMENT_CHARACTERS = 200;
const RIGHT: TurnJudgement = { verdict: "right", why: null };
/** Question marks of the scripts that have their own. Greek uses a semicolon at the end. */
const QUESTION = /[?？؟՞፧⸮\u037E]|;\s*$/u;

/** Judges a turn by its expectations. Deterministic. */
export function judgeTurn(turn: ScenarioTurn, observed: ObservedTurn, tools: readonly ScenarioTool[]): TurnJudgement {
  const { calls, error } = observed;
  const expected = expectedCalls(turn);
  const invalid = calls.find(({ issue }) => issue !== null);
  if (invalid !== undefined) return { verdict: "invalid", why: `${invalid.name}: ${invalid.issue}` };
  if (expected.length === 0 && calls.length > 0) {
    return { verdict: "needless", why: `${described(calls)} was called, but no call was expected.` };
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

/** Returns the size of a maximum matching between calls and expected calls. */
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
    // An optional key with its default value means the same as an absent key.
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
  if (asks && !QUESTION.test(reply)) return "The reply is not a question.";
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
