import { NanoAgentError } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { errorFacts } from "../../src/errors/error-facts.js";
import { ServiceError } from "../../src/errors/service-error.js";

const error = (code: string) => new NanoAgentError({ code, message: "It happened.", hint: "Do this." });

describe("What the APIs say about an error", () => {
  test.each([
    ["context-exceeded", 400, "invalid_request_error", false],
    ["schema-not-supported", 400, "invalid_request_error", false],
    ["invalid-embedding-texts", 400, "invalid_request_error", false],
    ["message-too-large", 413, "invalid_request_error", false],
    ["too-many-messages", 429, "rate_limit_error", true],
    ["embeddings-not-supported", 501, "server_error", false],
    ["insufficient-memory", 503, "server_error", false],
    ["engine-out-of-memory", 503, "server_error", false],
    ["not-loaded", 503, "server_error", true],
    ["engine-crashed", 500, "server_error", true],
    ["reply-not-valid", 500, "server_error", false],
    ["aborted", 499, "server_error", false],
  ])("%s is %i", (code, status, type, mayRetry) => {
    expect(errorFacts(error(code))).toMatchObject({ status, type, mayRetry, message: "It happened. Do this." });
  });

  test("a context that is exceeded has the code that clients look for", () => {
    expect(errorFacts(error("context-exceeded")).code).toBe("context_length_exceeded");
  });

  test("an error of the service says it itself", () => {
    const full = new ServiceError({
      code: "queue-full",
      message: "It is full.",
      status: 429,
      type: "rate_limit_error",
      retrySeconds: 3,
    });
    expect(errorFacts(full)).toEqual({
      status: 429,
      type: "rate_limit_error",
      param: null,
      code: null,
      message: "It is full.",
      retrySeconds: 3,
      mayRetry: true,
    });
    expect(errorFacts(ServiceError.invalid("model", "It is wrong."))).toMatchObject({
      param: "model",
      mayRetry: false,
    });
  });

  test.each([
    ["remote-unreachable", true],
    ["remote-timeout", true],
    ["session-closed", true],
    ["does-not-fit", false],
  ])("%s is 503, and its text stays in the log", (code, mayRetry) => {
    const facts = errorFacts(error(code));
    expect(facts).toMatchObject({ status: 503, type: "server_error", mayRetry });
    expect(facts.message).toBe(`The agent failed (${code}). The log of the service has the details.`);
  });

  test.each([
    ["session-in-use", 503, true, "begin a new one"],
    ["session-not-saved", 503, false, "check the disk"],
    ["session-unreadable", 500, false, "check the session folder"],
    ["session-format-unknown", 500, false, "A newer version of nanoagent wrote this conversation."],
  ])("%s says what to do, without the text of the error", (code, status, mayRetry, hint) => {
    const secret = new NanoAgentError({
      code,
      message: "/home/me/secret",
      reason: "/secret",
      hint: "Look at /secret.",
    });
    const facts = errorFacts(secret);
    expect(facts).toMatchObject({ status, type: "server_error", mayRetry, message: expect.stringContaining(hint) });
    expect(facts.message).toMatch(/^The agent failed \([a-z-]+\)\. The log of the service has the details\. /);
    expect(facts.message).not.toContain("secret");
  });

  test.each([
    [new NanoAgentError({ code: "model-not-found", message: "No file at /home/me/secret.gguf." }), "model-not-found"],
    [new TypeError("Cannot read /home/me/secret"), "unexpected"],
    ["/home/me/secret", "unexpected"],
    [new NanoAgentError({ code: "constructor", message: "/home/me/secret" }), "constructor"],
  ])("any other error is named, and its text stays in the log: %s", (cause, code) => {
    const { message, status, mayRetry } = errorFacts(cause);
    expect(message).toBe(`The agent failed (${code}). The log of the service has the details.`);
    expect([status, mayRetry]).toEqual([500, false]);
  });
});
