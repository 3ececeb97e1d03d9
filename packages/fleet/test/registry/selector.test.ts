import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FleetError } from "../../src/fleet-error.js";
import { parseSelector, selects } from "../../src/registry/selector.js";
import { cardOf } from "./fleet-cards.js";

const agent = {
  id: "kiosk-7",
  online: true,
  update: null,
  card: cardOf("kiosk-7", {
    labels: { floor: "2", id: "shadow", "label.x": "1", constructor: "own" },
    health: { status: "degraded", reasons: [] },
  }),
};

describe("selectors", () => {
  test.each([
    "all",
    "kiosk-7",
    "kiosk-*",
    "*",
    "id=kiosk-7",
    "id = *-7",
    "id=k*o*7",
    "site=berlin",
    "floor=2",
    "label.floor=2",
    "label.id=shadow",
    "label.x=1",
    "version=0.1.*",
    "health=degraded",
    "online=true",
    "bundle=garden",
    "sequence=3",
    "updates=true",
    "model=tiny*",
    "constructor=own",
    "site=berlin, floor=2, all, kiosk-7",
  ])("%j selects", (text) => {
    expect(selects(parseSelector(text), agent)).toBe(true);
  });

  test.each([
    "kiosk",
    "kiosk-77",
    "id=KIOSK-7",
    "id=*-8",
    "id=kiosk-7*7",
    "id=shadow",
    "site=ber",
    "floor=3",
    "cellar=*",
    "toString=*",
    "__proto__=*",
    "online=false",
    "site=berlin,floor=3",
  ])("%j does not select", (text) => {
    expect(selects(parseSelector(text), agent)).toBe(false);
  });

  test("facts that an agent does not have are not selected by *", () => {
    const bare = { ...agent, card: cardOf("kiosk-7", { site: null, bundle: null, model: null }) };
    for (const text of ["site=*", "bundle=*", "sequence=*", "model=*"])
      expect(selects(parseSelector(text), bare)).toBe(false);
  });

  test.each([
    ["", "A condition is empty."],
    ["site=berlin,", "A condition is empty."],
    ["=berlin", '"=berlin" has no key.'],
    ["label.=x", '"label.=x" has no key.'],
    ["site=", '"site=" has no value.'],
    ["online=yes", 'online is true or false, found "yes".'],
    ["updates=no", 'updates is true or false, found "no".'],
    ["health=bad", 'health is ok, degraded or unavailable, found "bad".'],
    [`${"a,".repeat(64)}a`, "It has more than 64 conditions."],
    ["x".repeat(5000), "It has more than 4096 characters."],
  ])("%j is refused", (text, reason) => {
    expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: "selector-invalid", reason }));
  });

  test("any text is a selector or a typed error, and an ID without wildcards selects itself alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        try {
          selects(parseSelector(text), agent);
        } catch (error) {
          expect(error).toBeInstanceOf(FleetError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{1,20}$/), fc.stringMatching(/^[\w-]{1,20}$/), (id, other) => {
        if (id === "all") return;
        expect(selects(parseSelector(id), { ...agent, id: other })).toBe(id === other);
      }),
    );
  });

  test("many wildcards take little time", () => {
    const selector = parseSelector(`id=${"*a".repeat(1000)}b`);
    const began = performance.now();
    expect(selects(selector, { ...agent, id: "a".repeat(10_000) })).toBe(false);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
