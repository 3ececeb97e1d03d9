import { parseSelector, type RegisteredAgent, type Selector, selects } from "@nanoagent/fleet";
import { listOf } from "../command-line/check-values.js";
import type { OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";

/** Returns the selector of a command line: its text, and the conditions of `--label`, `--version` and `--health`. */
export function readSelection(text: OptionValues[string], { label, version, health }: OptionValues): Selector {
  const { conditions } = parseSelector(text === undefined ? "all" : String(text));
  const labels = listOf(label).map((pair) => {
    const place = pair.indexOf("=");
    if (place < 1 || place === pair.length - 1) {
      throw new UsageError({
        message: `--label takes KEY=VALUE, found "${pair}".`,
        hint: "Write the name and the value of a label, such as --label floor=2.",
      });
    }
    return { key: `label.${pair.slice(0, place)}`, pattern: pair.slice(place + 1) };
  });
  const further = Object.entries({ version, health }).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, pattern: String(value) }],
  );
  return { text: text === undefined ? "all" : String(text), conditions: [...conditions, ...labels, ...further] };
}

/** Returns the agents that a selector selects. */
export function selectFrom(agents: readonly RegisteredAgent[], selector: Selector): readonly RegisteredAgent[] {
  return agents.filter((agent) => selects(selector, agent));
}
