import { expect, test } from "vitest";
import { isUnwanted } from "../../src/choosing/unwanted-acts.js";

test.each([
  "Don't open the valve!",
  "Please do not switch the lamp off",
  "never open the north vent",
  "Öffne das Ventil nicht!",
  "Bitte mach das Licht nicht aus",
  "N'ouvre pas la vanne",
  "Ne ferme surtout pas la porte",
  "No abras la válvula",
  "Por favor, no apagues la luz",
  "Non aprire la valvola",
  "I already switched the lamp off",
  "Ich habe die Lampe schon ausgeschaltet",
  "J'ai déjà fermé la porte",
  "Ya he cerrado la puerta",
  "Ho già chiuso la porta",
  "What would happen if I opened the valve?",
  "Was passiert, wenn ich das Ventil öffne?",
  "Que se passe-t-il si j'ouvre la vanne ?",
  "¿Qué pasa si abro la válvula?",
  "Cosa succede se apro la valvola?",
  "Never mind",
  "cancel that",
  "Vergiss es",
  "laisse tomber",
  "déjalo",
  "lascia stare",
])("%s asks for no act", (message) => {
  expect(isUnwanted(message)).toBe(true);
});

test.each([
  "Open the valve",
  "Don't forget to water the tomatoes",
  "Vergiss nicht, die Tomaten zu gießen",
  "It's not warm enough in here, set the heating to 22",
  "No, the other one",
  "no, the kitchen please",
  "No hay luz en la cocina, enciende la lámpara",
  "What is the temperature in the hall?",
  "Nimm die Notiz auf",
  "Non c'è luce, accendi la lampada",
  "Can you turn the lamp on?",
  "Switch the lamp off, I don't need it",
  "Mach die Lampe aus, ich brauche sie nicht",
  "I can't see, switch the lamp on",
])("%s may ask for one", (message) => {
  expect(isUnwanted(message)).toBe(false);
});
