import { el, find } from './dom.js';
import { isUserId, nameOf, PLANS, USERS } from './visitor.js';

const HINT = 'The rollout includes a quarter of all user ids.';
const INVALID_HINT = 'Use 1 to 64 letters, digits or any of . _ - @ +';

function choice(name, value, label) {
  const id = `${name}-${value}`;
  return el(
    'span',
    { class: 'choice' },
    el('input', { type: 'radio', name, id, value }),
    el('label', { for: id }, label),
  );
}

function check(name, value) {
  for (const input of document.querySelectorAll(`input[name="${name}"]`))
    input.checked = input.value === value;
}

function markUserId(isInvalid) {
  const field = find('#user-id');
  field.setAttribute('aria-invalid', String(isInvalid));
  find('#user-id-hint').textContent = isInvalid ? INVALID_HINT : HINT;
  if (isInvalid) field.focus();
}

/** Draws the controls, once. `onChange` receives the chosen user or plan. */
export function drawVisitorControls(onChange) {
  find('#users .choices').append(...USERS.map(({ id, name }) => choice('user', id, name)));
  find('#plans .segments').append(...PLANS.map((plan) => choice('plan', plan, plan)));
  find('#users').addEventListener('change', ({ target }) => onChange({ user: target.value }));
  find('#plans').addEventListener('change', ({ target }) => onChange({ plan: target.value }));
  find('#other-user').addEventListener('submit', (event) => {
    event.preventDefault();
    const user = find('#user-id').value.trim();
    markUserId(!isUserId(user));
    if (isUserId(user)) onChange({ user });
  });
}

/** Marks the current visitor in the controls. */
export function showVisitor({ user, plan }) {
  check('user', user);
  check('plan', plan);
  markUserId(false);
  find('#user-id').value = USERS.some(({ id }) => id === user) ? '' : user;
  find('#sent').textContent = `x-user-id: ${user}\nx-plan: ${plan}`;
  document.title = `${nameOf(user)} on ${plan} · Northlight Prints`;
}
