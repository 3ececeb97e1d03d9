import { NanoAgentError } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

class DiskFullError extends NanoAgentError {
  override name = "DiskFullError";
}

const parts = {
  code: "disk-full",
  message: "The session could not be written.",
  reason: "No space is left on /var.",
  hint: "Free some space on /var.",
};

test("has the given parts", () => {
  const cause = new Error("ENOSPC");
  const error = new NanoAgentError({ ...parts, cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "NanoAgentError", ...parts });
  expect(error.cause).toBe(cause);
  expect(String(error)).toBe("NanoAgentError: The session could not be written.");
  expect(error.stack).toContain("nano-agent-error.test");
});

test("absent parts are null, and there is no cause", () => {
  const error = new NanoAgentError({ code: "disk-full", message: "Full.", reason: undefined, cause: undefined });
  expect(error).toMatchObject({ reason: null, hint: null });
  expect(Object.hasOwn(error, "cause")).toBe(false);
});

test("a cause may be any value, including null and false", () => {
  for (const cause of [null, false, 0, "", { code: 7 }]) {
    expect(new NanoAgentError({ ...parts, cause }).cause).toBe(cause);
  }
});

test("a subclass keeps its own name", () => {
  const error = new DiskFullError(parts);
  expect(error).toBeInstanceOf(NanoAgentError);
  expect(error.name).toBe("DiskFullError");
  expect(error.toJSON().name).toBe("DiskFullError");
});

test("converts to plain JSON data, without cause and stack", () => {
  const error = new DiskFullError({ ...parts, cause: new Error("secret") });
  expect(JSON.parse(JSON.stringify(error))).toEqual({ name: "DiskFullError", ...parts });
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.option(fc.string()),
      fc.option(fc.string()),
      (code, message, reason, hint) => {
        const json = JSON.stringify(
          new NanoAgentError({ code, message, reason: reason ?? undefined, hint: hint ?? undefined }),
        );
        expect(JSON.parse(json)).toEqual({ name: "NanoAgentError", code, message, reason, hint });
      },
    ),
  );
});

describe("isInstance", () => {
  test("is true for NanoAgentErrors", () => {
    expect(NanoAgentError.isInstance(new NanoAgentError(parts))).toBe(true);
    expect(NanoAgentError.isInstance(new DiskFullError(parts))).toBe(true);
  });

  test("is true for errors of another copy of the package, unlike instanceof", async () => {
    vi.resetModules();
    const other = await import("../src/index.js");
    expect(other.NanoAgentError).not.toBe(NanoAgentError);
    const foreign = new other.InvalidDataError([]);
    expect(foreign).not.toBeInstanceOf(NanoAgentError);
    expect(NanoAgentError.isInstance(foreign)).toBe(true);
    expect(other.NanoAgentError.isInstance(new DiskFullError(parts))).toBe(true);
  });

  test("is false for everything else, including data that only looks like an error", () => {
    const lookalike = JSON.parse(JSON.stringify(new NanoAgentError(parts)));
    for (const value of [new Error("x"), lookalike, parts, null, undefined, "NanoAgentError", 7, Object.create(null)]) {
      expect(NanoAgentError.isInstance(value)).toBe(false);
    }
    fc.assert(fc.property(fc.anything(), (value) => !NanoAgentError.isInstance(value)));
  });
});
