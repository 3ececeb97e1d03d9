/** Explains the error output of a program of libgpiod to people, with the next step. */
export function explainGpiomon(said: string, line: string | number): string {
  if (/permission denied|operation not permitted/i.test(said)) {
    return `This user may not read the GPIO chip of line ${line}. Add the user to the group that owns /dev/gpiochip0, on a Raspberry Pi: sudo usermod -aG gpio USER. Then log in again, or restart the service.`;
  }
  if (/resource busy|device or resource/i.test(said)) {
    return `Another program uses GPIO line ${line}. End that program, or choose another line; gpioinfo shows who uses a line.`;
  }
  if (
    /cannot find|no such (?:file|device)|out of range|not found|unable to find|invalid (?:offset|argument)/i.test(said)
  ) {
    return `GPIO line ${line} or its chip was not found (${said}). Correct gpio.line and gpio.chip; gpioinfo lists all lines.`;
  }
  return `gpiomon ended, which reports the edges of GPIO line ${line} (${said}). It is started again after a pause. Check gpio in the config.`;
}
