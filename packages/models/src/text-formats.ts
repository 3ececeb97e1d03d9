/** A form of texts, with words for people who wrote another. */
export interface TextFormat {
  readonly pattern: RegExp;
  readonly description: string;
}

/** Times such as `500ms`, `10s`, `5m`, `2h` or `1d`. */
export const durationFormat: TextFormat = {
  pattern: /^(?:0|[1-9]\d{0,8})(?:\.\d{1,3})?(?:ms|s|m|h|d)$/,
  description: "a duration, such as 500ms, 10s, 5m, 2h or 1d",
};

/** Names that are part of a topic, an address and a file. */
export const triggerNameFormat: TextFormat = {
  pattern: /^[a-z0-9][a-z0-9_-]{0,63}$/,
  description: "1 to 64 lower-case letters, digits, - and _, beginning with a letter or digit",
};

/** Times of the day. */
export const timeOfDayFormat: TextFormat = {
  pattern: /^(?:[01]\d|2[0-3]):[0-5]\d$/,
  description: 'a time of the day, such as "22:00"',
};

/** Ways to treat missed runs. */
export const missedRunsFormat: TextFormat = {
  pattern: /^(?:skip|once|all up to [1-9]\d{0,3})$/,
  description: "skip, once, or all up to a number, such as all up to 5",
};

export const textFormats: readonly TextFormat[] = [
  durationFormat,
  triggerNameFormat,
  timeOfDayFormat,
  missedRunsFormat,
];
