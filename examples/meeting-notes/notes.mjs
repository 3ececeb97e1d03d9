// Keeps the notes of a meeting, and prints JSON:
//   notes.mjs start TITLE           begins a meeting
//   notes.mjs add KIND TEXT         adds a note, a decision, an action, or an action-for ("Anna: send the budget")
//   notes.mjs list KIND [PERSON]    lists note, decision, action or all of the meeting
//   notes.mjs remove-last           removes the last entry
//   notes.mjs export                writes the meeting as Markdown
// NOTES_NOW, such as 2026-05-14T10:00, replaces the clock.
import { renameSync, writeFileSync } from "node:fs";
import { appendEntry, readMeeting, stateFile } from "./notebook.mjs";

const MAX_TEXT_CHARACTERS = 2000;
const MAX_PERSON_CHARACTERS = 60;
const headings = { decision: "Decisions", action: "Actions", note: "Notes" };
const kinds = Object.keys(headings);

const usage = "notes.mjs start TITLE | add KIND TEXT | list KIND [PERSON] | remove-last | export";
const commands = {
  start: { least: 1, most: 1, run: start },
  add: { least: 2, most: 2, run: add },
  list: { least: 1, most: 2, run: list },
  "remove-last": { least: 0, most: 0, run: removeLast },
  export: { least: 0, most: 0, run: exportMeeting },
};

try {
  const [name = "", ...rest] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || rest.length < command.least || rest.length > command.most) {
    throw new Error(`wrong arguments. Usage: ${usage}`);
  }
  console.log(JSON.stringify(command.run(...rest)));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

function start(title) {
  const { text } = append(() => ({ kind: "meeting", text: readText(title) }));
  return { spoken: `The meeting "${text}" begins.` };
}

function add(kind, text) {
  if (![...kinds, "action-for"].includes(kind))
    throw new Error(`unknown kind "${kind}": use ${kinds.join(", ")} or action-for`);
  const line = readText(text);
  const action = kind === "action-for" ? readAction(line) : { text: line };
  if (action === null) return { none: 'Who does it? Say it as in "action for Anna: send the budget".' };
  const entry = append(() => ({ kind: kind === "action-for" ? "action" : kind, ...action }));
  return { spoken: `${headings[entry.kind].slice(0, -1)} saved: ${describe(entry).line}` };
}

function list(kind, person) {
  if (kind !== "all" && !kinds.includes(kind))
    throw new Error(`unknown kind "${kind}": use ${kinds.join(", ")} or all`);
  const { entries } = readMeeting();
  const found = entries.filter(
    (entry) => (kind === "all" || entry.kind === kind) && (!person || isSame(entry.person ?? "", person)),
  );
  if (found.length === 0)
    return { none: `There are no ${kind === "all" ? "entries" : `${kind}s`}${person ? ` for ${person}` : ""} yet.` };
  const lines = found.map((entry) => `${kind === "all" ? `${entry.kind}: ` : ""}${describe(entry).line}`);
  return { lines: lines.map((line, index) => `${index + 1}. ${line}`).join("\n") };
}

function removeLast() {
  // The notebook only grows: this entry marks an earlier one as removed.
  const removal = append(() => {
    const last = readMeeting().entries.at(-1);
    return last === undefined ? null : { kind: "removal", removes: last.key, text: describe(last).line };
  });
  return removal === null ? { none: "There is nothing to remove." } : { spoken: `Removed: ${removal.text}` };
}

function exportMeeting() {
  const { title, begun, entries } = readMeeting();
  if (entries.length === 0) return { none: "There are no entries to export yet." };
  const day = begun.slice(0, 10);
  const parts = kinds.flatMap((kind) => {
    const lines = entries.filter((entry) => entry.kind === kind).map((entry) => `- ${describe(entry).markdown}`);
    return lines.length === 0 ? [] : [`## ${headings[kind]}\n\n${lines.join("\n")}\n`];
  });
  const slug = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const name = `${[day, slug].filter((part) => part !== "").join("-")}.md`;
  const file = stateFile(name);
  writeFileSync(
    `${file}.new`,
    `# ${escapeHtml(title[0].toUpperCase() + title.slice(1))}\n\n${day}\n\n${parts.join("\n")}`,
  );
  renameSync(`${file}.new`, file);
  return { file: `state/${name}`, entries: entries.length };
}

function append(makeEntry) {
  return appendEntry(() => {
    const entry = makeEntry();
    return entry === null ? null : { at: localTime(readClock()), ...entry };
  });
}

/** "Anna: send the budget", "Anna to send the budget" or "Anna send the budget"; null for a text without a task. */
function readAction(text) {
  const forms = [/^([^\s:]+(?: (?!to )[^\s:]+){0,2}): *(.+)$/i, /^(\S+(?: \S+){0,2}?) to (.+)$/i, /^([^\s:]+) (.+)$/];
  const [, person, task] = forms.map((form) => form.exec(text)).find((match) => match !== null) ?? [];
  return person === undefined ? null : { person: person.slice(0, MAX_PERSON_CHARACTERS), text: task.trim() };
}

/** An entry as one line of text, and as one line of Markdown. */
function describe({ kind, text, person }) {
  const line = person === undefined ? text : `${person}: ${text}`;
  const checkbox = kind === "action" ? "[ ] " : "";
  const name = person === undefined ? "" : `**${escapeHtml(person)}**: `;
  return { line, markdown: `${checkbox}${name}${escapeHtml(text)}` };
}

function readText(text) {
  const line = text.replace(/\s+/g, " ").trim();
  if (line === "") throw new Error("the text is empty");
  if (line.length > MAX_TEXT_CHARACTERS) throw new Error(`the text is longer than ${MAX_TEXT_CHARACTERS} characters`);
  return line;
}

/** Escapes HTML, which Markdown would show as HTML. */
function escapeHtml(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function isSame(one, other) {
  return one.localeCompare(other, undefined, { sensitivity: "base" }) === 0;
}

/** Local date and time, such as 2026-05-14T10:00:00. */
function localTime(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function readClock() {
  const fixed = process.env.NOTES_NOW;
  const now = fixed ? new Date(fixed) : new Date();
  if (Number.isNaN(now.getTime())) throw new Error(`NOTES_NOW "${fixed}" is not a time such as 2026-05-14T10:00`);
  return now;
}
