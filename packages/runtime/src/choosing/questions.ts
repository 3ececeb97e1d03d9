import type { EngineTool } from "../engines/engine.js";
import { type SpokenLanguage, spokenLanguage } from "./spoken-language.js";
import type { ArgumentProperty } from "./stated-arguments.js";
import { plainDescription } from "./tool-line.js";

interface Phrases {
  /** Before the description of an act: `Shall I do this: …?` */
  shall: string;
  /** Before a list of possible meanings. */
  which: string;
  or: string;
  /** Before the name of a missing argument. */
  missing: string;
  /** After the name of a missing number. */
  number: string;
}

const phrases: Record<SpokenLanguage, Phrases> = {
  en: {
    shall: "Shall I do this",
    which: "Which of these do you mean",
    or: "or",
    missing: "I need one more detail",
    number: "a number",
  },
  de: {
    shall: "Soll ich das tun",
    which: "Was davon meinst du",
    or: "oder",
    missing: "Mir fehlt noch eine Angabe",
    number: "eine Zahl",
  },
  fr: {
    shall: "Dois-je faire ceci",
    which: "Que veux-tu dire",
    or: "ou",
    missing: "Il me manque un détail",
    number: "un nombre",
  },
  es: {
    shall: "¿Hago esto",
    which: "¿Cuál de estas cosas quieres",
    or: "o",
    missing: "Me falta un dato",
    number: "un número",
  },
  it: {
    shall: "Devo fare questo",
    which: "Quale di queste cose intendi",
    or: "o",
    missing: "Mi manca un dettaglio",
    number: "un numero",
  },
};

const MAX_OFFERED_VALUES = 12;

/** Asks for an argument that the message does not state. */
export function askForArgument(
  message: string,
  tool: EngineTool,
  { name, choices, kind, minimum, maximum }: ArgumentProperty,
): string {
  const { missing, or, number } = phrases[spokenLanguage(message)];
  const values = choices.slice(0, MAX_OFFERED_VALUES).map(inWords);
  const range = minimum !== null && maximum !== null ? ` (${minimum}–${maximum})` : "";
  const wanted = values.length > 0 ? `: ${listed(values, or)}` : kind === "number" ? `: ${number}${range}` : "";
  return `${missing} (${plainDescription(tool)}). ${capitalized(inWords(name))}${wanted}?`;
}

/** Asks for confirmation of an act. */
export function askForConsent(message: string, tool: EngineTool, input: Record<string, unknown>): string {
  const { shall } = phrases[spokenLanguage(message)];
  const values = Object.entries(input).map(([name, value]) => `${inWords(name)}: ${inWords(value)}`);
  return `${shall}: ${plainDescription(tool)}${values.length > 0 ? ` (${values.join(", ")})` : ""}?`;
}

/** Asks which of several tools is meant. */
export function askWhich(message: string, tools: readonly EngineTool[]): string {
  const { which, or } = phrases[spokenLanguage(message)];
  return `${which}: ${listed(
    tools.map((tool) => plainDescription(tool)),
    or,
  )}?`;
}

function listed(values: readonly string[], or: string): string {
  const last = values.at(-1) ?? "";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} ${or} ${last}`;
}

function inWords(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value).replaceAll("_", " ");
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
