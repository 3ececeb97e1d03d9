import { expect, test } from "vitest";
import { describeRelease } from "../../src/status/show-status.js";

const bundle = { name: "kiosk", version: "1.2.0", sequence: 7 };

test("the release and the last update are one line each", () => {
  const at = "2026-11-30T10:00:00.000Z";
  expect(describeRelease({ root: "/opt/kiosk", bundle, update: null })).toEqual({
    Release: "kiosk 1.2.0, sequence 7, in /opt/kiosk",
  });
  const update = { sequence: 8, state: "rolled-back", reason: "It did\nnot start.", at };
  expect(describeRelease({ root: "/opt/kiosk", bundle, update }).Update).toBe(
    "sequence 8 rolled-back at 2026-11-30T10:00:00.000Z: It did not start.",
  );
  expect(describeRelease({ root: "/opt/kiosk", bundle: null, update: null }).Release).toBe("none, in /opt/kiosk");
});
