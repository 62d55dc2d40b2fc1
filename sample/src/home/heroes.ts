export interface Hero {
  readonly headline: string;
  readonly text: string;
}

/** The top of the home page, by the values of the flag `home-page`. */
const heroes = {
  classic: {
    headline: 'Prints worth keeping',
    text: 'Your photographs on archival paper, checked by eye and posted flat.',
  },
  gallery: {
    headline: 'Hang the summer',
    text: 'Three frames, one wall. Choose your pictures and we match the mounts.',
  },
  studio: {
    headline: 'Proofs for the whole studio',
    text: 'One shared basket, colour-managed proofs and invoices by the month.',
  },
} as const satisfies Record<string, Hero>;

/** Returns the top of a page. The flag may name a page that this version of the shop does not have. */
export function heroOf(page: string): Hero & { readonly page: string } {
  const known = Object.hasOwn(heroes, page) ? (page as keyof typeof heroes) : 'classic';
  return { page: known, ...heroes[known] };
}
