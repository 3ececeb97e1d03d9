import { wrapText } from "../output/wrap-text.js";
import { type Command, type CommandOperand, type CommandOption, commonOptions, optionsOf } from "./command.js";

/** Most characters in a line of help. Longer lines are hard to read on any terminal. */
const WIDEST = 100;
/** Fewest columns that help is wrapped to. */
const NARROWEST = 40;
/** Fewest columns for descriptions beside the names. On narrower terminals they are below. */
const TWO_COLUMNS_FROM = 64;

/** Everyday questions and the commands that answer them. */
const gettingStarted: readonly (readonly [question: string, command: string])[] = [
  ["What is this device?", "nanoagent profile"],
  ["Which models fit it?", "nanoagent models recommend"],
  ["How do I get one?", "nanoagent models pull bartowski/SmolLM2-135M-Instruct-GGUF"],
  ["Which of my models fits, and how fast will it be?", "nanoagent optimize --model ./models --budget-mb 1024"],
  ["How do I set up an agent?", "nanoagent init"],
  ["Is my config right?", "nanoagent check"],
  ["How do I talk to the agent?", "nanoagent run"],
  ["Can I try a model without a config?", "nanoagent run --model model.gguf"],
  ["Can a script ask it?", 'nanoagent run --once "status"'],
  ["Can another program use it?", "nanoagent serve"],
  ["Does the model do the right thing?", "nanoagent eval --model model.gguf --limit 60"],
  ["What did we talk about before?", "nanoagent sessions show"],
];

/** Returns the help of the program for a terminal with this many columns. */
export function programHelp(version: string, commands: readonly Command[], columns: number | undefined): string {
  const width = widthOf(columns);
  return paragraphs(
    wrapText(`nanoagent ${version}: the agent runtime for small computers.`, width),
    "Usage: nanoagent COMMAND [OPTIONS]",
    section(
      "Commands:",
      commands.map(({ name, summary }) => [name, summary]),
      width,
    ),
    section("Options:", optionRows(commonOptions), width),
    ["Getting started:", ...gettingStarted.map(([question, command]) => `  ${question}\n    ${command}`)].join("\n"),
    wrapText("nanoagent help COMMAND shows the options of a command, with examples.", width),
  );
}

/** Returns the help of one command for a terminal with this many columns. */
export function commandHelp(command: Command, columns: number | undefined): string {
  const width = widthOf(columns);
  const { name, summary, details, operand, examples } = command;
  return paragraphs(
    `Usage: nanoagent ${name}${operand === undefined ? "" : ` ${operandOf(operand)}`} [OPTIONS]`,
    wrapText(summary, width),
    details
      .split("\n")
      .map((line) => wrapText(line, width))
      .join("\n"),
    ...(operand?.choices === undefined ? [] : [section(`${operand.placeholder}:`, choiceRows(operand), width)]),
    section("Options:", optionRows(optionsOf(command)), width),
    ["Examples:", ...examples.map((example) => `  ${example}`)].join("\n"),
  );
}

function widthOf(columns = 80): number {
  return Math.max(NARROWEST, Math.min(columns, WIDEST));
}

/** Returns the operands in a usage line: `ACTION [NAME|FILE]`. */
export function operandOf({ placeholder, choices, repeats, isOptional, second = {} }: CommandOperand): string {
  const first = choices === undefined || isOptional ? `[${placeholder}${repeats ? "…" : ""}]` : placeholder;
  const seconds = Object.values(second);
  const thirds = seconds.flatMap(({ third }) => third ?? []);
  const further = [seconds, thirds].flatMap((operands) => {
    const placeholders = new Set(operands.map(({ placeholder }) => placeholder));
    return placeholders.size === 0 ? [] : [`[${[...placeholders].join("|")}]`];
  });
  return [first, ...further].join(" ");
}

/** Returns each choice with the operands after it, and its description. */
export function choiceRows({ choices = {}, second = {} }: CommandOperand): [string, string][] {
  return Object.entries(choices).map(([choice, description]) => {
    const operand = second[choice];
    if (operand === undefined) return [choice, description];
    const { placeholder, isOptional, third } = operand;
    const words = [choice, isOptional ? `[${placeholder}]` : placeholder, ...(third ? [third.placeholder] : [])];
    return [words.join(" "), description];
  });
}

function optionRows(options: Record<string, CommandOption>): [string, string][] {
  return Object.entries(options).map(([name, { placeholder, short, description, required }]) => [
    `${short === undefined ? "" : `-${short}, `}--${name}${placeholder === undefined ? "" : ` ${placeholder}`}`,
    required ? `${description} [required]` : description,
  ]);
}

function section(title: string, rows: readonly (readonly [string, string])[], width: number): string {
  const hasColumns = width >= TWO_COLUMNS_FROM;
  const column = hasColumns ? Math.max(...rows.map(([name]) => name.length)) + 4 : 6;
  const lines = rows.map(([name, text]) => {
    const indent = " ".repeat(column);
    const wrapped = wrapText(text, width - column).replaceAll("\n", `\n${indent}`);
    return hasColumns ? `  ${name}`.padEnd(column) + wrapped : `  ${name}\n${indent}${wrapped}`;
  });
  return [title, ...lines].join("\n");
}

function paragraphs(...texts: string[]): string {
  return `${texts.join("\n\n")}\n`;
}
