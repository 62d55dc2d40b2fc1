import { visit } from './api.js';
import { el, find } from './dom.js';
import { showFlags, showNoFlags } from './flags-view.js';
import { clearAnswers, offerRoutes, send } from './routes-view.js';
import { showShop } from './shop-view.js';
import { nameOf, readVisitor, writeVisitor } from './visitor.js';
import { offerVisitors, showVisitor } from './visitor-view.js';

const shop = find('#shop');
const problem = find('#problem');
let visitor = readVisitor();
let visits = 0;

async function checkOut(path) {
  const receipt = find('.receipt', shop);
  receipt.textContent = (await send(path, visitor)).message;
}

function showAll(seen) {
  problem.hidden = true;
  showShop(shop, visitor, seen, () => void checkOut(seen.basket.path));
  showFlags(find('#flags'), seen.flags);
  find('#mode').textContent = seen.mode.description;
  const { checkout } = seen.basket;
  find('#status').textContent =
    `The shop for ${nameOf(visitor.user)} on ${visitor.plan}: ${checkout} checkout, ${seen.uploads.limit} photos per upload.`;
}

function showProblem(error) {
  const again = el('button', { type: 'button', class: 'button quiet' }, 'Try again');
  again.addEventListener('click', () => void show());
  problem.hidden = false;
  problem.replaceChildren(
    el('p', {}, el('strong', {}, 'The shop does not answer.')),
    el('p', { class: 'hint' }, `Is “npm run sample” still running? (${error.message})`),
    again,
  );
  // Another visitor's shop would be worse than none.
  shop.replaceChildren(el('p', { class: 'waiting' }, 'Closed until the shop answers again.'));
  showNoFlags(find('#flags'));
}

/** Asks everything again; when the visitor has changed meanwhile, the later one is shown. */
async function show() {
  const current = (visits += 1);
  showVisitor(visitor);
  shop.setAttribute('aria-busy', 'true');
  try {
    const seen = await visit(visitor);
    if (current === visits) showAll(seen);
  } catch (error) {
    if (current === visits) showProblem(error);
  }
  if (current === visits) shop.setAttribute('aria-busy', 'false');
}

function change(part) {
  visitor = { ...visitor, ...part };
  writeVisitor(visitor);
  clearAnswers();
  void show();
}

offerVisitors(change);
offerRoutes(() => visitor);
find('#reload').addEventListener('click', () => void show());
window.addEventListener('popstate', () => {
  visitor = readVisitor();
  clearAnswers();
  void show();
});
void show();
