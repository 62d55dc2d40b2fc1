// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A text that stays one line of a log: line breaks, escape codes and other control characters are shown, not sent. */
export function oneLine(text: string): string {
  return text.replace(BREAKS, (break_) => `\\u${break_.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
