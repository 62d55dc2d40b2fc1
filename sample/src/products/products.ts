export interface Product {
  readonly id: string;
  readonly name: string;
  readonly format: string;
  /** The price in cents. */
  readonly price: number;
}

export const PRODUCTS: readonly Product[] = [
  { id: 'fine-art', name: 'Fine art print', format: '30 × 40 cm, cotton rag', price: 2490 },
  { id: 'framed', name: 'Framed print', format: '40 × 50 cm, solid oak', price: 6900 },
  { id: 'book', name: 'Layflat book', format: '28 × 21 cm, 40 pages', price: 5400 },
  { id: 'postcards', name: 'Postcards', format: '10 × 15 cm, set of ten', price: 950 },
];
