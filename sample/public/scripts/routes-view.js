import { post } from './api.js';
import { el, find } from './dom.js';

const UNREACHABLE = {
  ok: false,
  status: 'No response',
  message: 'The shop is unreachable. Check that “npm run sample” is running.',
};

/** Sends a request for the visitor. It never rejects. */
export function send(path, visitor, body) {
  return post(path, visitor, body).catch(() => UNREACHABLE);
}

function showResponse(form, { ok, status, message }) {
  const line = el('strong', { class: ok ? 'good' : 'bad' }, status);
  find('.response', form).replaceChildren(line, el('span', {}, String(message)));
}

/** Removes the responses, which belong to the previous visitor. */
export function clearResponses() {
  for (const element of document.querySelectorAll('.response')) element.replaceChildren();
}

/** Connects the forms of the routes. */
export function connectRoutes(currentVisitor) {
  const submit = async (form, path, body) => {
    const visitor = currentVisitor();
    const response = await send(path, visitor, body);
    if (visitor === currentVisitor()) showResponse(form, response);
  };
  const checkout = find('#try-checkout');
  checkout.addEventListener('submit', async (event) => {
    event.preventDefault();
    await submit(checkout, '/api/checkout/v2');
  });
  const upload = find('#try-upload');
  upload.addEventListener('submit', async (event) => {
    event.preventDefault();
    await submit(upload, '/api/uploads', { photos: find('#photos').valueAsNumber });
  });
}
