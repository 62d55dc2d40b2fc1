import { el, svg } from './dom.js';
import { applyLook } from './look.js';
import { nameOf } from './visitor.js';

const euros = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });
const price = (cents) => euros.format(cents / 100);

function picture(scene, className = 'picture') {
  const drawing = svg('svg', { viewBox: '0 0 120 90', preserveAspectRatio: 'xMidYMid slice' });
  drawing.append(svg('use', { href: `scenes.svg#${scene}` }));
  return el('span', { class: className, 'aria-hidden': 'true' }, drawing);
}

const heroPictures = {
  classic: ['hills'],
  gallery: ['sea', 'moon', 'dunes'],
  studio: ['hills', 'sea', 'dunes', 'moon', 'sea', 'hills', 'moon', 'dunes'],
};

function bar(look, user, sameDay) {
  const greeting = el('p', { class: 'greeting' }, `${look.greeting}, ${nameOf(user)}`);
  const badge = el('p', { class: 'badge' }, 'Same-day dispatch');
  return el(
    'div',
    { class: 'bar' },
    el('p', { class: 'name' }, 'Northlight Prints'),
    greeting,
    sameDay ? badge : '',
  );
}

function hero({ page, headline, text }) {
  const pictures = (heroPictures[page] ?? heroPictures.classic).map((scene) => picture(scene, 'print'));
  return el(
    'div',
    { class: `hero ${page}` },
    el('div', { class: 'words' }, el('h2', {}, headline), el('p', {}, text)),
    el('div', { class: 'wall' }, ...pictures),
  );
}

const productScenes = { 'fine-art': 'dunes', framed: 'sea', book: 'hills', postcards: 'moon' };

function product({ id, name, format, price: cents, dispatch }) {
  return el(
    'li',
    {},
    picture(productScenes[id] ?? 'hills'),
    el('h3', {}, name),
    el('p', { class: 'format' }, format),
    el('p', { class: 'terms' }, el('strong', {}, price(cents)), el('span', {}, dispatch)),
  );
}

function basketBar({ items, total, checkout, label }, { limit }, onCheckout) {
  const button = el('button', { type: 'button', class: `checkout ${checkout}` }, label);
  button.addEventListener('click', onCheckout);
  return el(
    'div',
    { class: 'basket' },
    el(
      'p',
      {},
      el('strong', {}, `${items} items, ${price(total)}`),
      el('span', {}, `Up to ${limit} photos per upload`),
    ),
    button,
    el('p', { class: 'receipt', role: 'status' }),
  );
}

/** Draws the shop as one visitor sees it. */
export function showShop(element, { user }, { home, catalogue, basket, uploads }, onCheckout) {
  applyLook(element, home.look);
  element.replaceChildren(
    bar(home.look, user, catalogue.sameDay),
    hero(home.hero),
    el(
      'ul',
      { class: `products ${catalogue.sameDay ? 'same-day' : ''}` },
      ...catalogue.products.map(product),
    ),
    basketBar(basket, uploads, onCheckout),
  );
}
