import type { Command, CommandOption } from "../command.js";

export const commonOptions: Record<string, CommandOption> = {
  help: { kind: "flag", short: "h", description: "Show this message and exit." },
  version: { kind: "flag", description: "Show the version and exit." },
  debug: { kind: "flag", description: "Show where an error comes from." },
};

/** The help of the program. */
export function programHelp(version: string, commands: readonly Command[]): string {
  return paragraphs(
    `nanoagent ${version}: the agent runtime for small computers.`,
    "Usage: nanoagent COMMAND [OPTIONS]",
    section(
      "Commands:",
      commands.map(({ name, summary }) => [name, summary]),
    ),
    section("Options:", optionRows(commonOptions)),
    "nanoagent COMMAND --help shows the options of a command, with examples.",
  );
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  return paragraphs(
    `Usage: nanoagent ${command.name}${command.operand === undefined ? "" : ` ${operandOf(command.operand)}`} [OPTIONS]`,
    command.summary,
    command.details,
    ...(command.operand?.choices === undefined
      ? []
      : [section(`${command.operand.placeholder}:`, Object.entries(command.operand.choices))]),
    section("Options:", optionRows({ ...command.options, ...commonOptions })),
    ["Examples:", ...command.examples.map((example) => `  ${example}`)].join("\n"),
  );
}

function operandOf({ placeholder, choices, repeats }: NonNullable<Command["operand"]>): string {
  return choices === undefined ? `[${placeholder}${repeats ? "…" : ""}]` : placeholder;
}

function optionRows(options: Record<string, CommandOption>): [string, string][] {
  return Object.entries(options).map(([name, { placeholder, description, required }]) => [
    placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`,
    required ? `${description} [required]` : description,
  ]);
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)].join("\n");
}

function paragraphs(...texts: string[]): string {
  return `${texts.join("\n\n")}\n`;
}
