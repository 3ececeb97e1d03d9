import { expect, test } from "vitest";
import { readHubEnvironment } from "../src/environment/hub-environment.js";

test("places follow the variables of Hugging Face and the XDG folders", () => {
  const { hubCache, modelsFolder, stampsFile, endpoint } = readHubEnvironment({}, { home: "/home/ada" });
  expect(hubCache).toBe("/home/ada/.cache/huggingface/hub");
  expect(modelsFolder).toBe("/home/ada/.local/share/nanoagent/models");
  expect(stampsFile).toBe("/home/ada/.local/state/nanoagent/models.json");
  expect(endpoint).toBe("https://huggingface.co");
  const set = readHubEnvironment(
    { HF_HOME: "~/hf", XDG_DATA_HOME: "/data", XDG_STATE_HOME: "state", HF_ENDPOINT: "http://127.0.0.1:8000/" },
    { home: "/home/ada" },
  );
  expect(set.hubCache).toBe("/home/ada/hf/hub");
  expect(set.modelsFolder).toBe("/data/nanoagent/models");
  expect(set.stampsFile).toBe("/home/ada/.local/state/nanoagent/models.json");
  expect(set.endpoint).toBe("http://127.0.0.1:8000");
});
