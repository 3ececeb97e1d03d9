import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { series } from "../../../server/src/metrics/series.js";
import { hasPromtool, promtool } from "../../../server/test/metrics/foreign-parsers.js";
import { repository } from "../run-program.js";

const folder = path.join(repository, "examples/monitoring");
const read = (name: string) => readFile(path.join(folder, name), "utf8");

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: { expr: string; refId: string; datasource: { uid: string } }[];
}

interface Dashboard {
  schemaVersion: number;
  uid: string;
  templating: { list: { name: string; type: string; query: unknown }[] };
  panels: Panel[];
}

const dashboard = JSON.parse(await read("grafana-dashboard.json")) as Dashboard;
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Names that an expression may use. */
const known = new Set(
  series.flatMap(({ name, type }) =>
    type === "histogram" ? ["bucket", "sum", "count"].map((part) => `${name}_${part}`) : [name],
  ),
);

function namesIn(expression: string): string[] {
  return expression.match(/\b(?:nanoagent|process)_[a-z_]+\b/g) ?? [];
}

/** Values of labels that an expression selects, by name of the series and label. */
function selectorsIn(expression: string): [name: string, label: string, values: string[]][] {
  return [...expression.matchAll(/\b((?:nanoagent|process)_[a-z_]+)\{([^}]*)\}/g)].flatMap(
    ([, name = "", inside = ""]) =>
      [...inside.matchAll(/(\w+)=~?"([^"]*)"/g)].map(([, label = "", values = ""]): [string, string, string[]] => [
        name,
        label,
        values.split("|"),
      ]),
  );
}

function checkExpression(expression: string): void {
  expect(namesIn(expression).filter((name) => !known.has(name))).toEqual([]);
  for (const [name, label, values] of selectorsIn(expression)) {
    if (label === "job" || label === "instance") continue;
    const labels: Readonly<Record<string, readonly string[] | null>> =
      series.find((one) => one.name === name)?.labels ?? {};
    expect(labels[label], `${name}{${label}}`).toEqual(expect.arrayContaining(values));
  }
}

describe("the dashboard", () => {
  test("has a format of Grafana 10, and takes its data from the chosen source", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(38);
    const [source] = dashboard.templating.list;
    expect(source).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
    for (const { type, datasource, targets = [] } of dashboard.panels) {
      if (type === "row") continue;
      for (const { uid } of [datasource ?? { uid: "" }, ...targets.map(({ datasource }) => datasource)]) {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a variable of Grafana.
        expect(uid).toBe("${datasource}");
      }
    }
  });

  test("has panels with ids of their own that do not overlap and fit the grid", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x} ${y}`), `${title} at ${x} ${y}`).toBeUndefined();
          taken.set(`${x} ${y}`, title);
        }
      }
    }
    for (const { title, targets = [] } of dashboard.panels) {
      const letters = targets.map(({ refId }) => refId);
      expect(new Set(letters).size, title).toBe(letters.length);
    }
  });

  test("shows every series, and no other", () => {
    for (const expression of expressions) checkExpression(expression);
    const shown = expressions.flatMap(namesIn).map((name) => name.replace(/_(bucket|sum|count)$/, ""));
    expect([...new Set(shown)].sort()).toEqual(series.map(({ name }) => name).sort());
  });

  test.skipIf(!hasPromtool)("has expressions that Prometheus understands (needs promtool)", async () => {
    const rules = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m"),
    }));
    const file = path.join(await temporaryFolder(), "rules.yaml");
    await writeFile(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    const { output, exitCode } = promtool(["check", "rules", file]);
    expect(exitCode, output).toBe(0);
  });
});

describe("the alerts", () => {
  test("use known series, and say what to do", async () => {
    const { groups } = parseYaml(await read("alerts.yaml")) as {
      groups: { rules: { alert: string; expr: string; annotations: { summary: string; description: string } }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    for (const { expr, annotations } of rules) {
      checkExpression(expr);
      expect(annotations.summary).toMatch(/^.*\{\{ \$labels\.instance \}\}.*\.$/);
      expect(annotations.description).toMatch(/\.$/);
    }
    // Each is tested, in a healthy service and in one with every fault.
    const { tests } = parseYaml(await read("alerts.test.yaml")) as {
      tests: { alert_rule_test: { alertname: string }[] }[];
    };
    const names = rules.map(({ alert }) => alert);
    for (const { alert_rule_test } of tests) {
      expect(alert_rule_test.map(({ alertname }) => alertname).sort()).toEqual([...names].sort());
    }
  });

  test.skipIf(!hasPromtool)("do as their tests say (needs promtool)", async () => {
    const copy = await temporaryFolder();
    for (const name of await readdir(folder)) {
      if (name.endsWith(".yaml") || name.endsWith(".yml"))
        await copyFile(path.join(folder, name), path.join(copy, name));
    }
    await writeFile(path.join(copy, "nanoagent-key"), "secret\n");
    const remote = (await read("prometheus.yml")).replace("# authorization:", "authorization:");
    expect(remote).toMatch(/^ {4}authorization:/m);
    await writeFile(path.join(copy, "remote.yml"), remote);
    for (const args of [
      ["test", "rules", "alerts.test.yaml"],
      ["check", "config", "prometheus.yml"],
      ["check", "config", "remote.yml"],
    ]) {
      const { output, exitCode } = promtool(args, "", copy);
      expect(exitCode, output).toBe(0);
    }
  });
});

async function temporaryFolder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "nanoagent-monitoring-"));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}
