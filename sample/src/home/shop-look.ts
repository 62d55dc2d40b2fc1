/** What the flag `shop-look` holds. */
export interface ShopLook {
  /** A colour, `#rrggbb`. */
  readonly accent: string;
  /** Of corners, in pixels. */
  readonly radius: number;
  readonly greeting: string;
}

export const DEFAULT_LOOK = { accent: '#5f5a52', radius: 8, greeting: 'Hello' } satisfies ShopLook;
