import type { Candidates, CompletedCommand, CompletedOption } from "./completions.js";

/** Returns a completion script for bash 3.2 and later, which needs no package beside bash. */
export function completeBash(commands: readonly CompletedCommand[], common: readonly CompletedOption[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter(({ placeholder }) => placeholder !== null)
      .map((option) => `    "${name} --${option.name}") ${complete(option.value)}; return ;;`),
  );
  const operands = commands.map(({ name, operand, options }) => `    ${name}) ${complete(operand, options)} ;;`);
  return `# Completion of nanoagent for bash. To load it: source <(nanoagent completion bash)
_nanoagent_words() { COMPREPLY=(\${COMPREPLY[@]+"\${COMPREPLY[@]}"} $(compgen -W "$1" -- "$current")); }
_nanoagent_files() {
  local IFS=$'\\n'
  COMPREPLY=(\${COMPREPLY[@]+"\${COMPREPLY[@]}"} $(compgen -f -- "$current"))
  compopt -o filenames 2>/dev/null
}
_nanoagent() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="" command="" i
  COMPREPLY=()
  # --option=value arrives as three words.
  if [[ $current == "=" ]]; then current="" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  elif ((COMP_CWORD > 1)) && [[ \${COMP_WORDS[COMP_CWORD-1]} == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"
  elif ((COMP_CWORD > 0)); then previous="\${COMP_WORDS[COMP_CWORD-1]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in ${names.join("|")}) command="\${COMP_WORDS[i]}"; break ;; esac
  done
  case "$command $previous" in
${values.join("\n")}
  esac
  case "$command" in
    "") ${complete({ words: [...names, ...common.map(({ name }) => `--${name}`)], hasFiles: false })} ;;
${operands.join("\n")}
  esac
}
complete -F _nanoagent nanoagent
`;
}

/** Commands that add these candidates; options stand beside an operand. */
function complete({ words, hasFiles }: Candidates, options: readonly CompletedOption[] = []): string {
  const all = [...words, ...options.map(({ name }) => `--${name}`)];
  const steps = [
    ...(all.length > 0 ? [`_nanoagent_words "${all.join(" ")}"`] : []),
    ...(hasFiles ? ["_nanoagent_files"] : []),
  ];
  return steps.length === 0 ? ":" : steps.join("; ");
}
