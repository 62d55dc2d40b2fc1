export const USERS = [
  { id: 'ada', name: 'Ada' },
  { id: 'bruno', name: 'Bruno' },
  { id: 'chiyo', name: 'Chiyo' },
  { id: 'dele', name: 'Dele' },
];

export const PLANS = ['free', 'pro', 'team'];

const USER_ID = /^[\w.@+-]{1,64}$/;

/** Whether the text can be sent as a user id: a header carries plain characters only. */
export function isUserId(text) {
  return USER_ID.test(text);
}

/** Returns the display name of a user id. */
export function nameOf(id) {
  return USERS.find((user) => user.id === id)?.name ?? id;
}

/** Returns the visitor of the address bar, so that a reload, a bookmark and a shared link keep it. */
export function readVisitor() {
  const query = new URL(location.href).searchParams;
  const user = query.get('user') ?? '';
  const plan = query.get('plan') ?? '';
  return {
    user: isUserId(user) ? user : USERS[0].id,
    plan: PLANS.includes(plan) ? plan : PLANS[0],
  };
}

/** Writes the visitor into the address bar. */
export function writeVisitor({ user, plan }) {
  const url = new URL(location.href);
  url.searchParams.set('user', user);
  url.searchParams.set('plan', plan);
  if (url.href !== location.href) window.history.pushState(null, '', url);
}
