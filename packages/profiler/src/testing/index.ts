export { type FixtureFile, FixtureMachine, type FixtureMachineContents } from "./fixture-machine.js";
