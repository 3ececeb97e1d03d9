import type { Candidates, CompletedCommand, CompletedOption } from "./completions.js";

/** Returns a completion script for zsh: to be sourced, or put into a folder of `fpath` as `_nanoagent`. */
export function completeZsh(commands: readonly CompletedCommand[], common: readonly CompletedOption[]): string {
  const described = commands.map(
    ({ name, description }) => `    ${quoted(`${name}:${description.replaceAll(":", "\\:")}`)}`,
  );
  const cases = commands.map(
    ({ name, operand, options }) => `        ${name})
          _arguments -s ${[...options.map(optionOf), ...operandOf(operand)].join(" \\\n            ")}
          ;;`,
  );
  return `#compdef nanoagent
# Completion of nanoagent for zsh. To load it: source <(nanoagent completion zsh)
_nanoagent() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C ${common.map(optionOf).join(" ")} '1: :->command' '*:: :->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${cases.join("\n")}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _nanoagent ]]; then _nanoagent "$@"; else compdef _nanoagent nanoagent; fi
`;
}

function optionOf({ name, short, description, placeholder, value }: CompletedOption): string {
  const text = `[${description.replace(/[[\]:\\]/g, "\\$&")}]`;
  if (placeholder === null) {
    const long = quoted(`--${name}${text}`);
    return short === undefined ? long : `${long} ${quoted(`-${short}${text}`)}`;
  }
  return quoted(`*--${name}=${text}:${placeholder}:${actionOf(value)}`);
}

function operandOf(operand: CompletedCommand["operand"]): string[] {
  if (operand.words.length === 0 && !operand.hasFiles) return [];
  return [quoted(`${operand.repeats ? "*" : "1"}:${operand.placeholder}:${actionOf(operand)}`)];
}

function actionOf({ words, hasFiles }: Candidates): string {
  if (hasFiles) return "_files";
  return words.length === 0 ? " " : `(${words.join(" ")})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
