import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agentIdOf, agentTopics, findPrefixProblem } from "../../src/mqtt/agent-topics.js";
import { findResponseTopicProblem } from "../../src/mqtt/response-topic.js";
import { oddText } from "./odd-text.js";

describe("agentIdOf", () => {
  test.each([
    ["greenhouse", "greenhouse"],
    ["Küche 2", "Kuche_2"],
    ["a/b+c#d", "a_b_c_d"],
    ["日本", "__"],
    ["", "agent"],
    ["x".repeat(100), "x".repeat(64)],
  ])("%j becomes %j", (text, id) => {
    expect(agentIdOf(text)).toBe(id);
  });

  test("is a level that Home Assistant accepts, for every text", () => {
    fc.assert(fc.property(oddText(100), (text) => /^[a-zA-Z0-9_-]{1,64}$/.test(agentIdOf(text))));
  });
});

describe("agentTopics", () => {
  test("are all below the prefix and the ID", () => {
    const { run, isOwn, ...topics } = agentTopics("shed", "home/agents");
    expect({ ...topics, run: run("dry-bed") }).toEqual({
      prefix: "home/agents",
      id: "shed",
      status: "home/agents/shed/status",
      state: "home/agents/shed/state",
      ask: "home/agents/shed/ask",
      answer: "home/agents/shed/answer",
      lastAnswer: "home/agents/shed/last-answer",
      event: "home/agents/shed/event",
      accepted: "home/agents/shed/accepted",
      card: "home/agents/shed/card",
      offer: "home/agents/shed/offer",
      update: "home/agents/shed/update",
      runs: "home/agents/shed/trigger/+/run",
      run: "home/agents/shed/trigger/dry-bed/run",
    });
    const levels = [
      "status",
      "state",
      "ask",
      "answer",
      "last-answer",
      "event",
      "accepted",
      "trigger/dry-bed/run",
      "more",
    ];
    const own = levels.filter((level) => isOwn(`home/agents/shed/${level}`));
    expect(own).toEqual(["status", "state", "answer", "last-answer", "event", "accepted"]);
    expect(agentTopics("shed").status).toBe("nanoagent/shed/status");
  });

  test.each(["", "a/+", "#", "$SYS", "/a", "a/", "a//b", "a\0", "a\u0007b", "a\n", "a\u009bb", "x".repeat(300)])(
    "refuses the prefix %j",
    (prefix) => {
      expect(findPrefixProblem(prefix)).toMatch(/\.$/);
      expect(() => agentTopics("shed", prefix)).toThrow(expect.objectContaining({ code: "mqtt-settings-invalid" }));
    },
  );
});

describe("a response topic", () => {
  const topics = agentTopics("shed");
  const isSubscribedTo = (topic: string) => topic === "garden/north";
  const problemOf = (topic: string) => findResponseTopicProblem(topic, topics, "homeassistant", isSubscribedTo);

  test.each(["replies/7", "nanoagent/shed/answer", "a/ask", "nanoagent", "/x", "Türen/1"])("may be %s", (topic) => {
    expect(problemOf(topic)).toBeNull();
  });

  test.each([
    "",
    "a/+",
    "a/#",
    "a\0",
    "$SYS/x",
    "nanoagent/shed/ask",
    "nanoagent/other/ask",
    "nanoagent/shed/status",
    "nanoagent/shed/trigger/dry-bed/run",
    "nanoagent/other/trigger/water/run",
    "homeassistant/device/shed/config",
    "garden/north",
    "x".repeat(2000),
  ])("cannot be %j", (topic) => {
    expect(problemOf(topic)).toMatch(/\.$/);
  });
});
