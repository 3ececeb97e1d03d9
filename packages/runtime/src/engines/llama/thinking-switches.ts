/** A way to tell a template whether the model thinks before it answers. */
export interface ThinkingSwitch {
  /** Template variables. */
  variables: Readonly<Record<string, boolean | number | string>>;
  /** Keyword in the instructions that the template looks for, or null. */
  instruction: string | null;
  /** Whether the template has no such switch. */
  isMissing: boolean;
  /** Whether reasoning can only be shortened. Default: false. */
  onlyShortens?: boolean;
}

export const NO_SWITCH: ThinkingSwitch = { variables: {}, instruction: null, isMissing: false };

const byVariable = (name: string, on: boolean | number | string, off: boolean | number | string) => ({
  on: { ...NO_SWITCH, variables: { [name]: on } },
  off: { ...NO_SWITCH, variables: { [name]: off } },
});
const byInstruction = (on: string, off: string) => ({
  on: { ...NO_SWITCH, instruction: on },
  off: { ...NO_SWITCH, instruction: off },
});

/** Switches of the model families. The first one that changes a template's output applies to it. */
export const thinkingSwitches: readonly { on: ThinkingSwitch; off: ThinkingSwitch }[] = [
  byVariable("enable_thinking", true, false),
  byVariable("thinking", true, false),
  byVariable("enable_reasoning", true, false),
  byVariable("reasoning", true, false),
  byVariable("think", true, false),
  byVariable("thinking_mode", "enabled", "disabled"),
  byVariable("reasoning_mode", "on", "off"),
  byVariable("thinking_budget", -1, 0),
  byInstruction("/think", "/no_think"),
  byInstruction("detailed thinking on", "detailed thinking off"),
  {
    on: { ...NO_SWITCH, variables: { reasoning_effort: "high" } },
    off: { ...NO_SWITCH, variables: { reasoning_effort: "low" }, onlyShortens: true },
  },
];
