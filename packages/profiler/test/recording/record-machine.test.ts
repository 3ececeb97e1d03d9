import { describe, expect, it } from "vitest";
import { DeviceProfiler, LocalMachine, recordMachine } from "../../src/index.js";
import { withoutNames } from "../../src/recording/without-names.js";
import { FixtureMachine } from "../../src/testing/index.js";
import { armBoards } from "../boards/arm-boards.js";
import { containers } from "../boards/containers.js";
import { personalComputers } from "../boards/personal-computers.js";
import { raspberryPis } from "../boards/raspberry-pis.js";

const boards = [...raspberryPis, ...armBoards, ...personalComputers, ...containers];
const dataPath = "/data/agent";
const profile = (machine: FixtureMachine | LocalMachine, path = dataPath) =>
  new DeviceProfiler({ machine }).profileInDetail({ dataPath: path, deep: true });

describe("a recorded machine", () => {
  it.each(boards)("has the same details as $name", async ({ machine }) => {
    const original = new FixtureMachine(machine);
    const recorded = JSON.parse(JSON.stringify(await recordMachine({ machine: original, dataPath })));
    const expected = withoutNames("/sys/fs/cgroup/", JSON.stringify(await profile(original)));
    expect(await profile(new FixtureMachine(recorded))).toEqual(JSON.parse(expected));
  });

  it("has the same details as this machine, except for changing values", async () => {
    const contents = JSON.parse(JSON.stringify(await recordMachine({ dataPath: "/" })));
    const lasting = (device: Awaited<ReturnType<typeof profile>>) => {
      const { thermal, ...rest } = device.details;
      return {
        ...device,
        details: {
          ...rest,
          memory: { ...rest.memory, available_bytes: null },
          storage: { ...rest.storage, free_bytes: null },
          hasThermal: "value" in thermal.temperature_celsius,
        },
      };
    };
    expect(lasting(await profile(new FixtureMachine(contents), "/"))).toEqual(
      lasting(await profile(new LocalMachine(), "/")),
    );
  });

  it("contains nothing that identifies a device or a person", async () => {
    const id = "8d1c9a7e44f05b3f2a6d8d1c9a7e44f05b3f2a6d8d1c9a7e44f05b3f2a6d11ff";
    const recorded = await recordMachine({
      machine: new FixtureMachine({
        machineType: "aarch64",
        environment: { KUBERNETES_SERVICE_HOST: "10.1.2.3", HOME: "/home/alice", SECRET: "s3cret" },
        files: {
          "/proc/cpuinfo": "Hardware\t: BCM2835\nSerial\t\t: 00000000deadbeef\nModel\t\t: Raspberry Pi 3\n",
          "/proc/self/cgroup": `0::/docker/${id}\n`,
          "/proc/self/mountinfo": [
            "22 1 179:2 / / rw - ext4 /dev/disk/by-uuid/5c1b9d2e-0f4a-4b7e-9a33-2f6f4b1d7a10 rw",
            `30 22 0:26 /docker/${id} /sys/fs/cgroup ro - cgroup2 cgroup rw`,
            "31 22 0:40 / /home/alice/secrets rw - fuse.sshfs alice@host:/secrets rw",
            "32 22 8:1 / /home/alice/data rw - ext4 /dev/sda1 rw",
            "",
          ].join("\n"),
          "/sys/fs/cgroup/memory.max": "268435456\n",
          "/sys/class/drm/card0/device/uevent": "DRIVER=r8169\nMAC=aa:bb:cc:dd:ee:0f\n",
        },
      }),
      dataPath,
    });
    const text = JSON.stringify(recorded);
    for (const secret of ["deadbeef", id, "alice", "s3cret", "10.1.2.3", "aa:bb:cc", "5c1b9d2e", "sshfs"]) {
      expect(text).not.toContain(secret);
    }
    expect(text).toContain("268435456");
    expect(text).toContain("Raspberry Pi 3");
  });
});
