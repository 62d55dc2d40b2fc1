/** Who is asking, in every section: a targeting key and four attributes, as many as applications have. */
export const CONTEXT = Object.freeze({
  targetingKey: 'user-4711',
  plan: 'pro',
  country: 'DE',
  seats: 12,
  beta: true,
});

/** What the flags are, wherever a local Flagship answers. */
export const FLAGS = {
  'new-checkout': true,
  look: { accent: 'teal', columns: 3, banner: { text: 'Spring sale', shown: true }, tags: ['new', 'sale'] },
};
