/** One place where the code names a flag. */
export interface FlagUse {
  /** By which decorator. */
  readonly decorator: '@FeatureFlag' | '@FlagValue' | '@FlagDetails';
  /**
   * What leads there: `GET /checkout/:id`, `query products`, `field Product.price`, `WebSocket message "buy"`,
   * `message pattern "sum"`, `event pattern "paid"`; else the same as `handler`.
   */
  readonly where: string;
  /** Class and method: `CheckoutController.checkout`. */
  readonly handler: string;
}

/** A flag that the code names. */
export interface FlagUsage {
  /** The flag. */
  readonly key: string;
  /** Where, in the order of the modules. */
  readonly uses: readonly FlagUse[];
}
