import fc from "fast-check";
import { expect, test } from "vitest";
import { HubError } from "../../src/hub-error.js";
import { refusalOf } from "../../src/network/hub-errors.js";

const url = "https://hub.example/api/models/org/repo/tree/main?recursive=true";

test.each([
  [401, { "x-error-code": "RepoNotFound" }, "repository-not-found", /does not exist, or it is private/],
  [401, {}, "repository-not-found", /does not exist, or it is private/],
  [404, { "x-error-code": "RevisionNotFound" }, "repository-not-found", /no such branch, tag or commit/],
  [404, { "x-error-code": "EntryNotFound" }, "repository-not-found", /no such file/],
  [401, { "x-error-code": "GatedRepo" }, "repository-gated", /access token is missing/],
  [403, { "x-error-code": "GatedRepo", "x-error-message": "Ask the authors." }, "repository-gated", /Ask the authors/],
  [401, { "x-error-message": "Invalid credentials in Authorization header" }, "hub-refused", /Invalid credentials/],
  [403, { "x-error-message": "Access to this resource is disabled." }, "hub-refused", /is disabled/],
  [429, {}, "hub-refused", /limits the number of requests/],
  [407, {}, "hub-unreachable", /The proxy answers with status 407/],
  [503, {}, "hub-refused", /status 503/],
])("status %i with %j", (status, headers, code, reason) => {
  const error = refusalOf({ status, headers, url }, "org/repo");
  expect(error).toMatchObject({ code, reason: expect.stringMatching(reason), hint: expect.stringMatching(/\S/) });
  expect(error.message).toMatch(/org\/repo|hub\.example/);
});

test("a gated repository's hint names its page", () => {
  for (const address of [url, "https://hub.example/org/repo/resolve/main/a.gguf"]) {
    const { hint } = refusalOf({ status: 403, headers: { "x-error-code": "GatedRepo" }, url: address }, "org/repo");
    expect(hint).toContain("https://hub.example/org/repo,");
  }
});

test("any headers give an error in one short line", () => {
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 599 }), fc.string({ unit: "binary", maxLength: 2000 }), (status, said) => {
      const error = refusalOf({ status, headers: { "x-error-message": said, "x-error-code": said }, url }, "org/repo");
      expect(HubError.isInstance(error)).toBe(true);
      expect(error.reason).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(error.reason?.length).toBeLessThan(300);
    }),
  );
});
