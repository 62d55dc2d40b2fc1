import { visit } from './api.js';
import { el, find } from './dom.js';
import { showFlags, showNoFlags } from './flags-view.js';
import { clearResponses, connectRoutes, send } from './routes-view.js';
import { showShop } from './shop-view.js';
import { nameOf, readVisitor, writeVisitor } from './visitor.js';
import { drawVisitorControls, showVisitor } from './visitor-view.js';

const shop = find('#shop');
const problem = find('#problem');
let visitor = readVisitor();
let visits = 0;

async function checkOut(path) {
  const receipt = find('.receipt', shop);
  receipt.textContent = (await send(path, visitor)).message;
}

function showAll(loaded) {
  problem.hidden = true;
  showShop(shop, visitor, loaded, () => void checkOut(loaded.basket.path));
  showFlags(find('#flags'), loaded.flags);
  find('#mode').textContent = loaded.mode.description;
  const { checkout } = loaded.basket;
  find('#status').textContent =
    `The shop for ${nameOf(visitor.user)} on ${visitor.plan}: ${checkout} checkout, ${loaded.uploads.limit} photos per upload.`;
}

function showProblem(error) {
  const again = el('button', { type: 'button', class: 'button quiet' }, 'Try again');
  again.addEventListener('click', () => void show());
  problem.hidden = false;
  problem.replaceChildren(
    el('p', {}, el('strong', {}, 'The shop does not respond.')),
    el('p', { class: 'hint' }, `Check that “npm run sample” is running. (${error.message})`),
    again,
  );
  // The page must not show the previous visitor's shop to this one.
  shop.replaceChildren(el('p', { class: 'waiting' }, 'The shop is closed until it responds again.'));
  showNoFlags(find('#flags'));
}

/** Loads everything again. When the visitor has changed meanwhile, the page shows the later one. */
async function show() {
  const current = (visits += 1);
  showVisitor(visitor);
  shop.setAttribute('aria-busy', 'true');
  try {
    const loaded = await visit(visitor);
    if (current === visits) showAll(loaded);
  } catch (error) {
    if (current === visits) showProblem(error);
  }
  if (current === visits) shop.setAttribute('aria-busy', 'false');
}

function change(part) {
  visitor = { ...visitor, ...part };
  writeVisitor(visitor);
  clearResponses();
  void show();
}

drawVisitorControls(change);
connectRoutes(() => visitor);
find('#reload').addEventListener('click', () => void show());
window.addEventListener('popstate', () => {
  visitor = readVisitor();
  clearResponses();
  void show();
});
void show();
