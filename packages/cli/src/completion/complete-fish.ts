import type { CompletedCommand, CompletedOption } from "./completions.js";

/** Returns a completion script for fish 3 and later. */
export function completeFish(commands: readonly CompletedCommand[], common: readonly CompletedOption[]): string {
  const names = commands.map(({ name }) => name);
  const lines = [
    ...commands.map(
      ({ name, description }) => `complete -c nanoagent -n "$without" -a ${name} -d ${quoted(description)}`,
    ),
    ...common.map((option) => `complete -c nanoagent -n "$without" ${optionOf(option)}`),
    ...commands.flatMap(({ name, operand, options }) => {
      const seen = `complete -c nanoagent -n '__fish_seen_subcommand_from ${name}'`;
      return [
        ...(operand.words.length > 0 ? [`${seen} -a ${quoted(operand.words.join(" "))}`] : []),
        ...(operand.hasFiles ? [`${seen} -F`] : []),
        ...options.map((option) => `${seen} ${optionOf(option)}`),
      ];
    }),
  ];
  return `# Completion of nanoagent for fish. To load it: nanoagent completion fish | source
set -l without 'not __fish_seen_subcommand_from ${names.join(" ")}'
complete -c nanoagent -f
${lines.join("\n")}
`;
}

function optionOf({ name, short, description, placeholder, value }: CompletedOption): string {
  const names = `-l ${name}${short === undefined ? "" : ` -s ${short}`}`;
  const words = value.words.length > 0 ? ` -a ${quoted(value.words.join(" "))}` : "";
  const takes = placeholder === null ? "" : `${value.hasFiles ? " -r -F" : " -x"}${words}`;
  return `${names}${takes} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
