import { post } from './api.js';
import { el, find } from './dom.js';

const UNREACHABLE = {
  ok: false,
  status: 'No answer',
  message: 'The shop cannot be reached. Is it still running?',
};

export function send(path, visitor, body) {
  return post(path, visitor, body).catch(() => UNREACHABLE);
}

function showAnswer(form, { ok, status, message }) {
  const line = el('strong', { class: ok ? 'good' : 'bad' }, status);
  find('.answer', form).replaceChildren(line, el('span', {}, String(message)));
}

/** Answers belong to the visitor who asked. */
export function clearAnswers() {
  for (const answer of document.querySelectorAll('.answer')) answer.replaceChildren();
}

export function offerRoutes(currentVisitor) {
  const ask = async (form, path, body) => {
    const visitor = currentVisitor();
    const answer = await send(path, visitor, body);
    if (visitor === currentVisitor()) showAnswer(form, answer);
  };
  const checkout = find('#try-checkout');
  checkout.addEventListener('submit', async (event) => {
    event.preventDefault();
    await ask(checkout, '/api/checkout/v2');
  });
  const upload = find('#try-upload');
  upload.addEventListener('submit', async (event) => {
    event.preventDefault();
    await ask(upload, '/api/uploads', { photos: find('#photos').valueAsNumber });
  });
}
