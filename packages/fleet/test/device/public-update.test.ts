import { expect, test } from "vitest";
import { publicUpdate } from "../../src/device/public-update.js";

const message = {
  format: 1,
  sequence: 2,
  manifest_sha256: "0".repeat(64),
  state: "refused",
  progress: null,
  at: "2026-11-30T10:00:00.000Z",
} as const;

test.each([
  [null, null],
  ["The disk of /srv/kiosk is full.", "The disk of ROOT is full."],
  ["/srv/kiosk/next/smoke.yaml: wrong key.", "smoke.yaml: wrong key."],
  ["/srv/kiosk/releases/12/a.js and /srv/kiosk/current/b.js", "a.js and b.js"],
  ["ENOENT, open '/srv/kiosk/state.json'.", "ENOENT, open 'ROOT/state.json'."],
  ["/home/anna/.cache/model.gguf is damaged.", "~/.cache/model.gguf is damaged."],
])("%s", (reason, published) => {
  expect(publicUpdate({ ...message, reason }, "/srv/kiosk", "/home/anna").reason).toBe(published);
});

test("without releases, and with the disk as home folder, nothing is replaced", () => {
  expect(publicUpdate({ ...message, reason: "/a/b is wrong." }, null, "/").reason).toBe("/a/b is wrong.");
});
