/** The value of the flag `shop-look`. */
export interface ShopLook {
  /** A colour in the form `#rrggbb`. */
  readonly accent: string;
  /** The radius of corners in pixels. */
  readonly radius: number;
  readonly greeting: string;
}

export const DEFAULT_LOOK = { accent: '#5f5a52', radius: 8, greeting: 'Hello' } satisfies ShopLook;
