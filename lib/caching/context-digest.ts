import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** Says what the derived key is for, so that the same secret serves other purposes with other keys. */
const PURPOSE = 'nestjs-flagship: contexts in the keys of a shared store';
const KEY_BYTES = 32;

/**
 * Turns contexts into what may stand in a key of the shared store. A plain hash of a context could be undone by trying
 * every likely context: the phone numbers of a country take minutes. With a key of the application's it cannot, by those
 * who can read the store but do not know the key.
 */
export class ContextDigest {
  // Private to the language as well: whoever prints a provider must not find it.
  readonly #key: KeyObject;

  /**
   * @param secret What all instances of the application know and others do not; without one, anybody can compute the
   * digests of likely contexts.
   * @param namespace Names account and app: the same context has another digest in each.
   */
  constructor(secret: string | undefined, namespace: string) {
    this.#key = createSecretKey(Buffer.from(hkdfSync('sha256', secret ?? '', namespace, PURPOSE, KEY_BYTES)));
  }

  /** Returns the digest of a text, in 43 characters of base64url. */
  of(text: string): string {
    // As UTF-8, all halves of characters would be the same, and users whose ids differ in one would share answers.
    return createHmac('sha256', this.#key).update(text, 'utf16le').digest('base64url');
  }
}
