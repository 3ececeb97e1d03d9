import { describe, expect, it } from "vitest";
import { visibleDevices } from "../../src/accelerators/visible-devices.js";

describe("visibleDevices", () => {
  it.each([
    ["0", "shown"],
    ["0,2,-1,1", "shown"],
    ["GPU-8932f937", "shown"],
    ["MIG-1", "shown"],
    ["all", "shown"],
    ["", "hidden"],
    [" ", "hidden"],
    ["-1", "hidden"],
    ["-1,0", "hidden"],
    ["NoDevFiles", "hidden"],
  ])("interprets %j as %s", (list, statement) => {
    expect(visibleDevices({ CUDA_VISIBLE_DEVICES: list })).toEqual({ nvidia: statement });
    expect(visibleDevices({ ROCR_VISIBLE_DEVICES: list })).toEqual({ amd: statement });
  });

  it("leaves out a vendor whose variable is not set", () => {
    expect(visibleDevices({})).toEqual({});
    expect(visibleDevices({ CUDA_VISIBLE_DEVICES: undefined, NVIDIA_VISIBLE_DEVICES: "all" })).toEqual({});
  });
});
