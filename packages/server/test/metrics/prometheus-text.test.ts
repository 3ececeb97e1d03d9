import fc from "fast-check";
import { expect, test } from "vitest";
import { type Family, prometheusText } from "../../src/metrics/prometheus-text.js";
import { Histogram } from "../../src/service/histogram.js";
import { parsePrometheusText } from "./parse-prometheus-text.js";

/** Without -0, which is written as 0. */
const number = fc.double().map((value) => value + 0);
const anyText = fc.string({ unit: fc.oneof(fc.constantFrom("\\", '"', "\n", "\r", "{", "}", ",", " "), fc.string()) });

test("any label value, help and number can be read back", () => {
  fc.assert(
    fc.property(
      anyText,
      anyText,
      number,
      fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      (a, help, value, sum) => {
        const families: Family[] = [
          { name: "one", help, type: "gauge", samples: [{ labels: { a, b: help }, value }] },
          { name: "two_total", help: a, type: "counter", samples: [{ value: sum }] },
        ];
        const read = parsePrometheusText(prometheusText(families));
        expect(read.get("one")).toEqual({
          type: "gauge",
          help,
          samples: [{ name: "one", labels: { a, b: help }, value }],
        });
        expect(read.get("two_total")).toMatchObject({ help: a, samples: [{ labels: {}, value: sum }] });
      },
    ),
  );
});

test("a histogram has a bucket for each bound, one for all, a sum and a count", () => {
  const reading = new Histogram([0.5, 1, 2.5]);
  for (const value of [0, 0.5, 0.75, 2.5, 2.6, -3]) reading.add(value);
  expect(prometheusText([{ name: "seconds", help: "Seconds", type: "histogram", reading }])).toBe(
    [
      "# HELP seconds Seconds",
      "# TYPE seconds histogram",
      'seconds_bucket{le="0.5"} 3',
      'seconds_bucket{le="1"} 4',
      'seconds_bucket{le="2.5"} 5',
      'seconds_bucket{le="+Inf"} 6',
      "seconds_sum 6.35",
      "seconds_count 6",
      "",
    ].join("\n"),
  );
});

test("any values of a histogram agree with the definition of its buckets", () => {
  const bounds = [0.01, 0.1, 1, 10];
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: 0, max: 100 })), (values) => {
      const reading = new Histogram(bounds);
      for (const value of values) reading.add(value);
      expect(reading.cumulativeCounts).toEqual(bounds.map((bound) => values.filter((value) => value <= bound).length));
      expect(reading.count).toBe(values.length);
      parsePrometheusText(prometheusText([{ name: "seconds", help: "Seconds", type: "histogram", reading }]));
    }),
  );
});

test("a name without samples is left out", () => {
  expect(prometheusText([{ name: "none", help: "None", type: "gauge", samples: [] }])).toBe("");
});
