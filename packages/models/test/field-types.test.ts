import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod/mini";
import { optionalPart } from "../src/field-types.js";

const parts = {
  text: () => z.string().check(z.minLength(2)),
  map: () => z.strictObject({ one: z.optional(z.int()), two: z._default(z.boolean(), true) }),
  list: () => z.array(z.union([z.string(), z.literal(1)])),
};

const value = fc.oneof(
  fc.string(),
  fc.constant(null),
  fc.constant(undefined),
  fc.array(fc.oneof(fc.string(), fc.constant(1), fc.boolean())),
  fc.record({ one: fc.oneof(fc.integer(), fc.string()), two: fc.boolean(), three: fc.nat() }, { requiredKeys: [] }),
);

test("an optional part is created only when it is present, and checks like any other schema", () => {
  fc.assert(
    fc.property(fc.record({ text: value, map: value, list: value, other: value }, { requiredKeys: [] }), (map) => {
      const made = new Set<string>();
      const late = z.strictObject(
        Object.fromEntries(
          Object.entries(parts).map(([name, make]) => [
            name,
            optionalPart<unknown, unknown>(() => {
              made.add(name);
              return make();
            }).check(z.meta({ description: name })),
          ]),
        ),
      );
      const atOnce = z.strictObject(
        Object.fromEntries(Object.entries(parts).map(([name, make]) => [name, z.optional(make() as z.ZodMiniType)])),
      );
      const [one, other] = [late.safeParse(map), atOnce.safeParse(map)];
      expect(one.success).toBe(other.success);
      expect(one.data).toEqual(other.data);
      expect(one.error?.issues).toEqual(other.error?.issues);
      const present = Object.entries(map).flatMap(([name, part]) =>
        part !== undefined && name in parts ? [name] : [],
      );
      expect([...made].sort()).toEqual(present.sort());
    }),
  );
});
