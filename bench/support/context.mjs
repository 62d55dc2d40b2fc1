/** One user, for evaluations that need no other. */
export const CONTEXT = Object.freeze({
  targetingKey: 'user-4711',
  plan: 'pro',
  country: 'DE',
  seats: 12,
  beta: true,
});

const USERS = 500;
const users = Array.from({ length: USERS }, (_, number) => `user-${number}`);
let turn = 0;

/** Returns the context of another user with every call, as a new object: a targeting key and four attributes. */
export function nextContext() {
  turn = (turn + 1) % USERS;
  return { targetingKey: users[turn], plan: 'pro', country: 'DE', seats: 12, beta: true };
}

/** Asks once for each user, so that a cache knows them all. */
export async function forEveryUser(call) {
  let last;
  for (let number = 0; number < USERS; number++) last = await call();
  return last;
}

/** What the flags are, wherever a local Flagship answers. */
export const FLAGS = {
  'new-checkout': true,
  look: { accent: 'teal', columns: 3, banner: { text: 'Spring sale', shown: true }, tags: ['new', 'sale'] },
};
