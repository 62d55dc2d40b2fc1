/** One place at which the code names a flag in a decorator. */
export interface FlagUse {
  /** The decorator that names the flag. */
  readonly decorator: '@FeatureFlag' | '@FlagValue' | '@FlagDetails';
  /**
   * The route, message or field that the handler serves: `GET /checkout/:id`, `query products`, `field Product.price`,
   * `WebSocket message "buy"`, `message pattern "sum"`, `event pattern "paid"`. Equal to `handler` for code that serves
   * none.
   */
  readonly where: string;
  /** The class and the method: `CheckoutController.checkout`. */
  readonly handler: string;
}

/** A flag that the code names in decorators. */
export interface FlagUsage {
  /** The flag's key. */
  readonly key: string;
  /** The places, in the order of the modules. */
  readonly uses: readonly FlagUse[];
}
