/** A name as a programmer gives it. Another one is data, for instance the key of a table by mail address. */
const ORDINARY_NAME = /^[\w$.:-]{0,64}$/;

/** Whether the name of an attribute says nothing about a user. */
export function isOrdinaryName(name: string): boolean {
  return ORDINARY_NAME.test(name);
}

/** Returns the name of an attribute as messages show it, which end up in logs: a name that is data is hidden. */
export function shownName(name: string): string {
  return isOrdinaryName(name) ? name : '[hidden]';
}
