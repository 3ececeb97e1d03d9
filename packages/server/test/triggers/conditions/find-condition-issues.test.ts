import type { TriggerCondition } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { findConditionIssues } from "../../../src/triggers/conditions/find-condition-issues.js";

describe("faults of conditions", () => {
  test.each<TriggerCondition>([
    { value: "payload.percent", below: 30, hysteresis: 3, for: "5m" },
    { equals: null },
    { value: "topic.1", change_by: 0 },
    { rate_limit: { max: 1, per: "1h" } },
    { quiet_hours: { from: "22:00", to: "06:00", time_zone: "Australia/Lord_Howe" } },
    { at_least: 3, at_most: 3 },
  ])("%j has none", (condition) => {
    expect(findConditionIssues(condition)).toEqual([]);
  });

  test.each<[TriggerCondition, string, RegExp]>([
    [{}, "", /^The condition tests nothing\./],
    [{ value: "percent", below: 3 }, "value", /^"percent" is not the path of a value\. Use payload/],
    [{ equals: 1, hysteresis: 3 }, "hysteresis", /needs a limit/],
    [{ change_by: 1, for: "5m" }, "for", /needs a comparison/],
    [{ value: "payload.a", rate_limit: { max: 1, per: "1h" } }, "value", /is not compared/],
    [{ above: 30, below: 20 }, "above", /^No value is within these limits\. Write two triggers/],
    [{ at_least: 30, below: 30 }, "below", /^No value is within these limits\./],
    [{ below: 1, for: "400d" }, "for", /^400d is too long; the longest is 366d\.$/],
    [{ rate_limit: { max: 1, per: "0s" } }, "rate_limit.per", /above 0/],
    [{ quiet_hours: { from: "22:00", to: "22:00" } }, "quiet_hours", /begin and end at the same time/],
    [
      { quiet_hours: { from: "22:00", to: "06:00", time_zone: "Europe/Bonn" } },
      "quiet_hours.time_zone",
      /^This system does not know the time zone "Europe\/Bonn"; use a name such as Europe\/Berlin, or UTC\.$/,
    ],
  ])("%j", (condition, path, message) => {
    expect(findConditionIssues(condition)).toEqual([{ path, message: expect.stringMatching(message) }]);
  });
});
