/** A name that a programmer chose. Any other name is data, such as a mail address that is used as a key. */
const ORDINARY_NAME = /^[\w$.:-]{0,64}$/;

/** Whether the name of an attribute reveals nothing about a user. */
export function isOrdinaryName(name: string): boolean {
  return ORDINARY_NAME.test(name);
}

/** Returns the name of an attribute for a message, which may be logged: `[hidden]` for a name that is data. */
export function redactedName(name: string): string {
  return isOrdinaryName(name) ? name : '[hidden]';
}
