import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { disjointFilters, findFilterIssue, findTopicIssue, matchesFilter } from "../../src/mqtt/topic-filter.js";

describe("matchesFilter", () => {
  test.each([
    ["a/b", "a/b", true],
    ["a/b", "a/c", false],
    ["a/b", "a/b/c", false],
    ["a/b/c", "a/b", false],
    ["a/+", "a/b", true],
    ["a/+", "a/", true],
    ["a/+", "a", false],
    ["a/+", "a/b/c", false],
    ["+/b", "a/b", true],
    ["+", "a", true],
    ["+", "/a", false],
    ["/+", "/a", true],
    ["a/#", "a", true],
    ["a/#", "a/b/c", true],
    ["a/#", "ab", false],
    ["#", "a/b", true],
    ["#", "$SYS/uptime", false],
    ["+/uptime", "$SYS/uptime", false],
    ["$SYS/#", "$SYS/uptime", true],
    ["$SYS/+", "$SYS/uptime", true],
    ["a/+/c", "a/$b/c", true],
  ])("%s and %s: %s", (filter, topic, expected) => {
    expect(matchesFilter(filter, topic)).toBe(expected);
  });
});

describe("issues", () => {
  test.each(["a", "a/b", "+", "#", "+/+/#", "a//b", "/", "garden/+/moisture", "$SYS/#", "ä/ö"])(
    "%s is valid",
    (filter) => {
      expect(findFilterIssue(filter)).toBeNull();
    },
  );

  test.each([
    ["", "The topic is empty."],
    ["a/#/b", "The wildcard # can only be the last level."],
    ["a+/b", 'The level "a+" mixes a wildcard with text; + and # stand alone.'],
    ["a/b#", 'The level "b#" mixes a wildcard with text; + and # stand alone.'],
    ["$share/group/a/b", 'Shared subscriptions are not supported; use the topic alone, "a/b".'],
    ["a\0b", "The topic contains a character that MQTT does not allow."],
    ["a\ud800b", "The topic contains a character that MQTT does not allow."],
    ["ä".repeat(32_768), "The topic is longer than 65,535 bytes."],
  ])("%j: %s", (filter, issue) => {
    expect(findFilterIssue(filter)).toBe(issue);
  });

  test("a topic for messages has no wildcards", () => {
    expect(findTopicIssue("garden/log")).toBeNull();
    expect(findTopicIssue("garden/+")).toBe("A topic for messages cannot contain the wildcards + and #.");
    expect(findTopicIssue("$SYS/x")).toBe("Topics that begin with $ belong to the broker.");
    expect(findTopicIssue("")).toBe("The topic is empty.");
  });
});

const level = fc.constantFrom("a", "b", "", "$a");
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(
    fc.array(fc.oneof(level, fc.constant("+")), { minLength: 0, maxLength: 3 }),
    fc.constantFrom("#", "+", "a", "b"),
  )
  .map(([levels, last]) => [...levels, last].join("/"));

describe("disjointFilters", () => {
  test.each([
    [
      ["a/b", "c"],
      ["a/b", "c"],
    ],
    [["a/b", "a/b"], ["a/b"]],
    [["garden/+/moisture", "garden/#"], ["garden/#"]],
    [["a/+", "+/b"], ["+/+"]],
    [["a/b/#", "a/+"], ["a/+/#"]],
    [
      ["#", "$SYS/uptime"],
      ["#", "$SYS/uptime"],
    ],
  ])("%j becomes %j", (filters, expected) => {
    expect(disjointFilters(filters)).toEqual(expected);
  });

  test("every topic that a filter matches is matched once", () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 5 }), topic, (filters, one) => {
        const matching = disjointFilters(filters).filter((candidate) => matchesFilter(candidate, one));
        expect(matching.length).toBeLessThanOrEqual(1);
        if (filters.some((candidate) => matchesFilter(candidate, one))) expect(matching).toHaveLength(1);
      }),
      { numRuns: 2000 },
    );
  });

  test("valid filters stay valid", () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 5 }), (filters) => {
        for (const one of disjointFilters(filters)) expect(findFilterIssue(one)).toBeNull();
      }),
    );
  });
});
