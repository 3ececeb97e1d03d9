import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { hasScript, Terminal } from "../../terminal.js";
import { contents, copyOf, expectReplies } from "./expect-replies.js";

const thursdayAfternoon = { KIOSK_NOW: "2026-05-14T14:05" };
const thursday = "Today we are open from 10:00 to 20:00.";
const restrooms = "The restrooms are on the ground floor, behind the ticket desk.";
const baños = "Los baños están en la planta baja, detrás de la taquilla.";
const nextBus = "The next bus leaves at 15:10, in 65 min.";
const accessible = "Todo el museo es accesible sin escalones.";

const sentences: [message: string, reply: string][] = [
  ["hello, until when are you open today?", thursday],
  ["ARE YOU STILL OPEN??", thursday],
  ["What are your opening hours", thursday],
  ["Does the museum open tomorrow?", "Tomorrow we are open from 10:00 to 18:00."],
  ["when does it close on Sundays?", "On Sunday we are open from 09:00 to 17:00."],
  ["¿Hasta qué hora está abierto hoy?", "Hoy abrimos de 10:00 a 20:00."],
  ["abren el lunes?", "El lunes está cerrado. El martes abrimos a las 10:00."],
  ["¿Cuál es el horario del museo el sábado?", "El sábado abrimos de 09:00 a 18:00."],
  ["Excuse me, where's the nearest toilet?", restrooms],
  ["I need a bathroom please", restrooms],
  ["busco los aseos", baños],
  ["Perdón, ¿dónde hay un baño?", baños],
  ["donde estan los lavabos", baños],
  ["is there a lift in the museum", "The elevator is to the right of the main stairs."],
  ["¿Cómo se va al ascensor?", "El ascensor está a la derecha de la escalera principal."],
  ["what time are your guided tours?", "The next tour starts at 15:00, in 55 min."],
  ["a qué hora empieza la siguiente visita guiada", "La próxima visita empieza a las 15:00, en 55 min."],
  ["when does the bus leave to the city", nextBus],
  ["Next bus downtown?", nextBus],
  ["Hola, ¿cuándo pasa el autobús?", "El próximo autobús sale a las 15:10, en 65 min."],
  ["can we get in with a stroller?", "The whole museum is step-free."],
  ["¿Es accesible para sillas de ruedas?", accessible],
  ["se puede visitar en silla de ruedas", accessible],
  ["Hello, what is the status of the elevator?", "Sorry, I don't know that."],
  ["What does it cost?", "Sorry, I don't know that."],
  ["¿Cuánto cuesta la entrada?", "Perdón, eso no lo sé."],
];

test("answers what people say, in other words than its config has", async () => {
  await expectReplies("kiosk", sentences, thursdayAfternoon);
});

test.each([
  ["2026-05-14T08:00", "Today we are open from 10:00 to 20:00.", "The next tour starts at 11:00, in 180 min."],
  ["2026-05-14T19:59", "Today we are open from 10:00 to 20:00.", "Tomorrow the first tour starts at 11:00."],
  ["2026-05-14T20:00", "We closed at 20:00 today. Tomorrow we open at 10:00.", null],
  ["2026-05-15T00:00", "Today we are open from 10:00 to 18:00.", "The next tour starts at 11:00, in 660 min."],
  ["2026-05-18T12:00", "Today we are closed. Tomorrow we open at 10:00.", "Tomorrow the first tour starts at 11:00."],
  ["2026-12-23T19:00", "We closed at 18:00 today. On Saturday we open at 09:00.", null],
  [
    "2026-12-24T10:30",
    "Today we are closed. On Saturday we open at 09:00.",
    "On Saturday the first tour starts at 10:00.",
  ],
  ["2026-03-29T02:30", "Today we are open from 09:00 to 17:00.", null],
])("at %s", async (now, hours, tour) => {
  const copy = await copyOf("kiosk");
  const [first, second] = contents(await copy.replies(["are you open?", "next tour"], { KIOSK_NOW: now }));
  expect(first).toBe(hours);
  if (tour !== null) expect(second).toBe(tour);
});

test("staff is not called where nobody can be asked, and the visitor learns where to go", async () => {
  const copy = await copyOf("kiosk");
  const replies = await copy.replies(["call someone please", "¿Me puede ayudar?"]);
  expect(contents(replies)).toEqual([
    "I did not call anyone. Please go to the ticket desk on the ground floor.",
    "No he avisado a nadie. Por favor, vaya a la taquilla de la planta baja.",
  ]);
  expect(replies.map(({ tools }) => tools.map(({ name, is_error }) => [name, is_error]))).toEqual([
    [["call_staff", true]],
    [["call_staff", true]],
  ]);
  expect(await readdir(copy.place)).not.toContain("state");
});

test.skipIf(!hasScript)("staff is called after a yes at a terminal (script(1)), and not after a no", async () => {
  const copy = await copyOf("kiosk");
  const terminal = new Terminal(["run", "--config", path.join(copy.place, "agent.yaml")]);
  await terminal.see("You: ");
  terminal.type("call staff\r");
  await terminal.see('Run call_staff with\r\n  reason = "help"\r\n');
  await terminal.see("[y/N] ");
  terminal.type("n\r");
  await terminal.see("Agent: I did not call anyone.");
  await terminal.see("You: ");
  expect(await readdir(copy.place)).not.toContain("state");
  terminal.type("por favor llame al personal\r");
  await terminal.see("[y/N] ");
  terminal.type("y\r");
  await terminal.see("Agent: Alguien viene enseguida.");
  await terminal.see("You: ");
  terminal.type("quit\r");
  expect(await terminal.ended).toBe(0);
  const calls = (await readFile(path.join(copy.place, "state/calls.jsonl"), "utf8")).trimEnd().split("\n");
  expect(calls.map((line) => JSON.parse(line).reason)).toEqual(["help"]);
});

test("visitors do not see each other's questions", async () => {
  const copy = await copyOf("kiosk");
  const replies = contents(await copy.replies(["where is the shop?", "/history", "/memory", "quit", "hola"]));
  for (const reply of replies.slice(1, 4)) expect(reply).toMatch(/^Sorry, I don't know that\./);
  expect(replies[4]).toMatch(/^¡Bienvenidos/);
  expect(await readdir(copy.place)).not.toContain("state");
});

test("staff is called once for each key", async () => {
  const copy = await copyOf("kiosk");
  for (const key of ["a", "a", "b"]) {
    await copy.result(["call-staff.mjs", "help"], { NANOAGENT_IDEMPOTENCY_KEY: key });
  }
  const calls = (await readFile(path.join(copy.place, "state/calls.jsonl"), "utf8")).trimEnd().split("\n");
  expect(calls.map((line) => JSON.parse(line).key)).toEqual(["a", "b"]);
});

test.each([
  ["{", "museum.json cannot be read: "],
  ['{"hours": {}, "places": {}}', 'museum.json has no "closed_dates"'],
  [" ".repeat(300_000), "museum.json is larger than"],
])("a damaged museum.json is named", async (text, message) => {
  const copy = await copyOf("kiosk");
  await writeFile(path.join(copy.place, "museum.json"), text);
  const { exitCode, stderr } = await copy.script(["museum.mjs", "hours", "today"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`error: ${message}`);
});
