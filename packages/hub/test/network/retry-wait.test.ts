import fc from "fast-check";
import { expect, test } from "vitest";
import { LONGEST_WAIT_SECONDS, readWaitSeconds } from "../../src/network/retry-wait.js";

const now = Date.UTC(2026, 0, 1);

test.each([
  [{ ratelimit: '"api";r=0;t=55' }, 55],
  [{ ratelimit: '"api"; r=0; t=55' }, 55],
  [{ ratelimit: '"api";r=3;t=55', "retry-after": "7" }, 7],
  [{ ratelimit: '"api";r=3;t=55' }, null],
  [{ ratelimit: '"resolvers";r=0;t=20, "api";r=0;t=40' }, 40],
  [{ ratelimit: '"api";r=0;t=99999' }, LONGEST_WAIT_SECONDS],
  [{ "retry-after": "12" }, 12],
  [{ "retry-after": new Date(now + 30_000).toUTCString() }, 30],
  [{ "retry-after": new Date(now - 30_000).toUTCString() }, 0],
  [{ "retry-after": "soon" }, null],
  [{ "retry-after": "-5" }, null],
  [{}, null],
])("the wait of %j", (headers, seconds) => {
  expect(readWaitSeconds(headers, now)).toBe(seconds);
});

test("any header gives null or a wait within the limit", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^"?[a-z]{0,3}"?;r=\d{0,3};t=-?\d{0,30}$/));
  fc.assert(
    fc.property(text, text, (ratelimit, retryAfter) => {
      const seconds = readWaitSeconds({ ratelimit, "retry-after": retryAfter }, now);
      expect(seconds === null || (seconds >= 0 && seconds <= LONGEST_WAIT_SECONDS)).toBe(true);
    }),
  );
});
