import { AgentMessage } from "@nanoagent/models";
import { expect, test } from "vitest";
import { messageHead } from "../../src/output/message-head.js";

test("a message has its role, and the reason if it is incomplete", () => {
  const ends = [undefined, "stop", "length", "interrupted"] as const;
  for (const role of ["user", "assistant", "system", "tool"] as const) {
    const heads = ends.map((ended) => messageHead(AgentMessage.parse({ role, content: "a", ...(ended && { ended }) })));
    expect(heads).toEqual([role, role, `${role} (cut off at a limit)`, `${role} (stopped while being written)`]);
  }
  expect(messageHead({ role: "**tool**", ended: "length" }, "2026")).toBe("**tool** (2026, cut off at a limit)");
});
