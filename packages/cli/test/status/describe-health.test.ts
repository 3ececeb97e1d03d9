import { expect, test } from "vitest";
import { describeHealth } from "../../src/status/show-status.js";

test("the reasons are sentences, one after the other", () => {
  expect(describeHealth({ status: "ok", reasons: [] })).toBe("ok");
  const reasons = [
    { code: "engine-failed", message: "The engine failed." },
    { code: "session-not-saved", message: "A turn was not saved." },
  ] as const;
  expect(describeHealth({ status: "degraded", reasons: [...reasons] })).toBe(
    "degraded: The engine failed. A turn was not saved.",
  );
});
