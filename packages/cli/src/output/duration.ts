/** Formats a duration: `4 s`, `1 min 20 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Estimates the remaining seconds from the share that is done. Returns null while that share is too small. */
export function secondsLeft(share: number, seconds: number): number | null {
  return share > 0.02 && share < 1 ? Math.max(1, (seconds / share) * (1 - share)) : null;
}
