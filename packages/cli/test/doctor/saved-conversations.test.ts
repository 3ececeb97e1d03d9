import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactionFor } from "../../src/doctor/redact.js";

const conversations = {
  folder: "/var/lib/garden/st",
  names: ["a", "anna", "convrlogaa2-ca7617e949f145a5", "kitchen-talk", "wyoming-g0", "two words"],
};
const { text } = redactionFor({ homes: [], users: [], host: null, secrets: [], conversations });

describe("names of conversations", () => {
  test.each([
    [
      "ENOSPC, write '/var/lib/garden/st/convrlogaa2-ca7617e949f145a5/quarantine/journal-0000000000000001-00.bin'",
      "ENOSPC, write '/var/lib/garden/st/conversation 3/quarantine/journal-0000000000000001-00.bin'",
    ],
    ["cannot open /var/lib/garden/st/anna.", "cannot open /var/lib/garden/st/conversation 2."],
    ["/var/lib/garden/st/a/page.json: damaged", "/var/lib/garden/st/conversation 1/page.json: damaged"],
    ["cannot read /var/lib/garden/st/two words: EIO", "cannot read /var/lib/garden/st/conversation 6: EIO"],
    ["/var/lib/garden/st/two words/page.json", "/var/lib/garden/st/conversation 6/page.json"],
    ["/var/lib/garden/st/removed/page.json", "/var/lib/garden/st/[conversation]/page.json"],
    ["/var/lib/private/garden/st/anna/page.json", "/var/lib/private/garden/st/conversation 2/page.json"],
    ["kitchen-talk is damaged", "conversation 4 is damaged"],
    ["conversation convrlogaa2-ca7617e949f145a5 is busy", "conversation conversation 3 is busy"],
    [
      "…/st/berta-0123456789abcdef/journal-0000000000000001.jsonl",
      "…/st/[conversation]/journal-0000000000000001.jsonl",
    ],
    [
      "/srv/other/berta/quarantine/journal-0000000000000001-00.bin",
      "/srv/other/[conversation]/quarantine/journal-0000000000000001-00.bin",
    ],
    ["/srv/other/berta/engine-state.kv", "/srv/other/[conversation]/engine-state.kv"],
    ["conversation-31a635427c70a7b366af711fcba8f7ac", "[conversation]"],
  ])("%s", (given, expected) => {
    expect(text(given)).toBe(expected);
  });

  test.each([
    "/var/lib/garden/st/journal-0000000000000001.jsonl",
    "/var/lib/garden/st/quarantine/journal-0000000000000001-00.bin",
    "/var/lib/garden/st/engine-state.json",
    "/var/lib/garden/st/page.json and /var/lib/garden/stairs/page.json",
    "/var/lib/nanoagent/journal-0000000000000001.jsonl",
    "a plan of anna",
  ])("%s stays", (given) => {
    expect(text(given)).toBe(given);
  });

  test("are not in any path below the session's folder", () => {
    const names = fc.stringMatching(/^zq7[a-z0-9_-]{0,40}x$/);
    fc.assert(
      fc.property(
        names,
        fc.constantFrom("", "/", "/quarantine/journal-1.bin", "' (EIO)", ", write"),
        (name, behind) => {
          const saved = { folder: "/srv/st", names: [name] };
          const redaction = redactionFor({ homes: ["/srv"], users: [], host: null, secrets: [], conversations: saved });
          expect(redaction.text(`error: cannot open "/srv/st/${name}${behind}`)).not.toContain(name);
        },
      ),
    );
  });
});
