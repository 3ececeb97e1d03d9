import type { EngineTool } from "../../src/engines/engine.js";

/** A question and the tool for it. */
export interface ToolPrompt {
  text: string;
  tool: string;
}

interface AskedTool extends EngineTool {
  /** Question with the `fillings` in braces. */
  asks: readonly string[];
}

const fillings = {
  zone: ["north", "south", "east", "west", "seedling"],
  room: ["kitchen", "hall", "office", "workshop", "cellar"],
  minutes: ["2", "5", "10", "15", "30"],
  percent: ["10", "25", "40", "60", "90"],
  degrees: ["16", "18", "20", "22", "24"],
  name: ["Anna", "Ben", "Chris", "Dora", "Emil"],
  item: ["gloves", "seeds", "batteries", "filters", "bulbs"],
};
const zone = { type: "string", enum: fillings.zone };
const room = { type: "string", enum: fillings.room };
const minutes = { type: "integer", minimum: 1, maximum: 60 };
const text = { type: "string", minLength: 1, maxLength: 60 };

function object(properties: Record<string, object>, required = Object.keys(properties)): object {
  return { type: "object", properties, required, additionalProperties: false };
}

/** Possible requests to a building with a greenhouse, with the tools of the first five in the order of their use. */
export const askedTools: readonly AskedTool[] = [
  {
    name: "read_moisture",
    description: "Reads how moist the soil of a zone is.",
    inputSchema: object({ zone }),
    asks: [
      "how moist is the {zone} zone?",
      "read the soil moisture in the {zone} zone",
      "is the soil in the {zone} zone dry?",
      "what is the moisture of the {zone} bed?",
      "check the moisture of zone {zone}",
    ],
  },
  {
    name: "water_zone",
    description: "Waters a zone for some minutes.",
    inputSchema: object({ zone, minutes }),
    asks: [
      "water the {zone} zone for {minutes} minutes",
      "give the {zone} zone water for {minutes} minutes",
      "please water zone {zone}, {minutes} minutes",
      "run the water in the {zone} zone for {minutes} min",
      "the {zone} zone needs watering for {minutes} minutes",
    ],
  },
  {
    name: "set_light",
    description: "Sets the brightness of the light in a room.",
    inputSchema: object({ room, percent: { type: "integer", minimum: 0, maximum: 100 } }),
    asks: [
      "set the light in the {room} to {percent} percent",
      "dim the {room} light to {percent} percent",
      "make the {room} brighter, {percent} percent light",
      "turn the light in the {room} to {percent} percent",
      "{room} lights at {percent} percent please",
    ],
  },
  {
    name: "read_temperature",
    description: "Reads the temperature of a room.",
    inputSchema: object({ room }),
    asks: [
      "what is the temperature in the {room}?",
      "how warm is it in the {room}?",
      "read the temperature of the {room}",
      "how cold is the {room} now?",
      "tell me the {room} temperature",
    ],
  },
  {
    name: "send_message",
    description: "Sends a text message to a person.",
    inputSchema: object({ to: text, text }),
    asks: [
      "send {name} a message: dinner is ready",
      "write a message to {name} that I am late",
      "text {name}: the door is open",
      "send a message to {name} saying hello",
      "message {name} that the plants are fine",
    ],
  },
  {
    name: "set_heating",
    description: "Sets the heating of a room to a temperature in degrees.",
    inputSchema: object({ room, degrees: { type: "number", minimum: 5, maximum: 30 } }),
    asks: [
      "heat the {room} to {degrees} degrees",
      "set the heating in the {room} to {degrees}",
      "turn the {room} heating up to {degrees} degrees",
      "heating of the {room}: {degrees} degrees",
      "I want the heating in the {room} at {degrees} degrees",
    ],
  },
  {
    name: "start_timer",
    description: "Starts a timer that rings after some minutes.",
    inputSchema: object({ minutes }),
    asks: [
      "start a timer for {minutes} minutes",
      "set a timer of {minutes} minutes",
      "timer, {minutes} minutes",
      "I need a {minutes} minute timer",
      "start the timer with {minutes} minutes",
    ],
  },
  {
    name: "open_window",
    description: "Opens the window of a room.",
    inputSchema: object({ room }),
    asks: [
      "open the window in the {room}",
      "open the {room} window",
      "please open the {room}'s window",
      "let air in, open the window of the {room}",
      "the {room} window should be open",
    ],
  },
  {
    name: "close_window",
    description: "Closes the window of a room.",
    inputSchema: object({ room }),
    asks: [
      "close the window in the {room}",
      "close the {room} window",
      "please close the {room}'s window",
      "shut the window of the {room}, close it",
      "the {room} window should be closed",
    ],
  },
  {
    name: "lock_door",
    description: "Locks the door of a room.",
    inputSchema: object({ room }),
    asks: [
      "lock the door of the {room}",
      "lock the {room} door",
      "the {room} door must be locked",
      "please lock the {room}",
      "is the {room} door locked? lock it",
    ],
  },
  {
    name: "play_music",
    description: "Plays music in a room.",
    inputSchema: object({ room, style: { type: "string", enum: ["jazz", "rock", "classical"] } }),
    asks: [
      "play jazz in the {room}",
      "play some rock music in the {room}",
      "classical music in the {room} please",
      "I want to hear music in the {room}, play jazz",
      "put on rock music in the {room}",
    ],
  },
  {
    name: "stop_music",
    description: "Stops the music in a room.",
    inputSchema: object({ room }),
    asks: [
      "stop the music in the {room}",
      "no more music in the {room}, stop it",
      "stop playing music in the {room}",
      "the music in the {room} should stop",
      "please stop the {room} music",
    ],
  },
  {
    name: "weather_forecast",
    description: "Tells the weather forecast for today or tomorrow.",
    inputSchema: object({ day: { type: "string", enum: ["today", "tomorrow"] } }),
    asks: [
      "what is the weather tomorrow?",
      "will it rain today? check the weather",
      "weather forecast for tomorrow",
      "tell me the forecast for today",
      "how will the weather be tomorrow?",
    ],
  },
  {
    name: "add_shopping",
    description: "Adds an item to the shopping list.",
    inputSchema: object({ item: text }),
    asks: [
      "add {item} to the shopping list",
      "put {item} on my shopping list",
      "shopping list: {item}",
      "we need {item}, add it to the shopping list",
      "remember to buy {item}, add to shopping",
    ],
  },
  {
    name: "battery_level",
    description: "Says how full the battery is.",
    inputSchema: object({}),
    asks: [
      "how full is the battery?",
      "what is the battery level?",
      "battery level please",
      "tell me the battery charge level",
      "is the battery full?",
    ],
  },
  {
    name: "take_photo",
    description: "Takes a photo with the camera of a zone.",
    inputSchema: object({ zone }),
    asks: [
      "take a photo of the {zone} zone",
      "take a picture with the {zone} camera",
      "photo of zone {zone}",
      "use the camera in the {zone} zone to take a photo",
      "I want a photo of the {zone} zone",
    ],
  },
  {
    name: "set_alarm",
    description: "Sets an alarm clock to an hour.",
    inputSchema: object({ hour: { type: "integer", minimum: 0, maximum: 23 } }),
    asks: [
      "set an alarm for {minutes} o'clock",
      "alarm at 7",
      "wake me with an alarm at 6",
      "set the alarm clock to 8",
      "I need an alarm at 9",
    ],
  },
  {
    name: "fan_speed",
    description: "Sets the speed of the fan in a room.",
    inputSchema: object({ room, speed: { type: "string", enum: ["off", "low", "high"] } }),
    asks: [
      "set the fan in the {room} to high",
      "{room} fan speed low",
      "turn the fan off in the {room}",
      "run the {room} fan at high speed",
      "fan in the {room} at low speed",
    ],
  },
  {
    name: "call_person",
    description: "Calls a person by phone.",
    inputSchema: object({ name: text }),
    asks: [
      "call {name}",
      "phone {name} please",
      "make a phone call to {name}",
      "I want to call {name} by phone",
      "please call {name} now",
    ],
  },
  {
    name: "feed_fish",
    description: "Feeds the fish in the pond.",
    inputSchema: object({}),
    asks: [
      "feed the fish",
      "the fish in the pond are hungry, feed them",
      "please feed the fish in the pond",
      "give the fish their food",
      "it is time to feed the fish",
    ],
  },
];

/** Requests that no tool can serve. */
export const chatter: readonly string[] = [
  "hello",
  "thank you",
  "what is the capital of France?",
  "who wrote Hamlet?",
  "tell me a joke",
  "good night",
  "what is two plus three?",
  "why is the sky blue?",
  "explain what a noun is",
  "are you a robot?",
];

/** The given number of questions about the first `toolCount` tools, evenly divided; always the same. */
export function toolPrompts(toolCount: number, count: number): ToolPrompt[] {
  return Array.from({ length: count }, (_, index) => {
    const { name, asks } = askedTools[index % toolCount] as AskedTool;
    const round = Math.floor(index / toolCount);
    const ask = asks[round % asks.length] as string;
    const filled = ask.replace(/\{(\w+)\}/g, (_, key: keyof typeof fillings) => {
      const list = fillings[key];
      return list[(round + Math.floor(round / asks.length)) % list.length] as string;
    });
    return { text: filled, tool: name };
  });
}
