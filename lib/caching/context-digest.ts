import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** The purpose of the derived key, so that the same secret yields other keys for other purposes. */
const PURPOSE = 'nestjs-flagship: contexts in the keys of a shared store';
const KEY_BYTES = 32;

/**
 * Hashes contexts for the keys of the shared store. A plain hash could be inverted by hashing all likely contexts: the
 * phone numbers of a country take minutes. With a key that only the application knows, a reader of the store cannot do
 * that.
 */
export class ContextDigest {
  // An ECMAScript private field, because `console.log` of a provider must not print the key.
  readonly #key: KeyObject;

  /**
   * @param secret Known to all instances of the application and to no others. Without it, the digests of likely
   * contexts can be computed by everyone.
   * @param namespace Names account and app: the same context has another digest in each.
   */
  constructor(secret: string | undefined, namespace: string) {
    this.#key = createSecretKey(Buffer.from(hkdfSync('sha256', secret ?? '', namespace, PURPOSE, KEY_BYTES)));
  }

  /** Returns the digest of a text, in 43 characters of base64url. */
  of(text: string): string {
    // UTF-8 encodes every lone surrogate alike, so users whose ids differ in one would share a digest.
    return createHmac('sha256', this.#key).update(text, 'utf16le').digest('base64url');
  }
}
