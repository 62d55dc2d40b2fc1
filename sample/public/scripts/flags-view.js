import { el } from './dom.js';
import { isColour } from './look.js';

const purposes = {
  'new-checkout': 'Opens the one-step checkout',
  'home-page': 'Picks the top of the page',
  'upload-limit': 'Photos in one upload',
  'shop-look': 'Colour, corners, greeting',
  'same-day-dispatch': 'Rolled out user by user',
};

const explanations = {
  STATIC: 'has no rules',
  TARGETING_MATCH: 'a rule matched',
  SPLIT: 'in the rollout',
  DEFAULT: 'no rule matched',
  DISABLED: 'switched off, so the code’s own default',
  ERROR: 'no answer, so the code’s own default',
};

const reasonClasses = { TARGETING_MATCH: 'match', SPLIT: 'match', ERROR: 'error', DISABLED: 'off' };

/** What the last row of each flag said, to mark what an edit or another visitor has changed. */
const shown = new Map();

function cell(label, ...children) {
  return el('td', { role: 'cell', 'data-label': label }, el('div', {}, ...children));
}

function swatch(colour) {
  const square = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  square.style.background = colour;
  return square;
}

function pair([name, value]) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return [el('dt', {}, name), el('dd', {}, isColour(value) ? swatch(value) : '', text)];
}

function valueOf(value) {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isRecord) return el('dl', { class: 'record' }, ...Object.entries(value).flatMap(pair));
  return el('code', { class: typeof value }, JSON.stringify(value));
}

function reasonOf({ reason = 'UNKNOWN', errorCode, errorMessage }) {
  const pill = el('span', { class: `reason ${reasonClasses[reason] ?? ''}` }, reason);
  const why = el('span', { class: 'why' }, explanations[reason] ?? '');
  if (errorCode === undefined) return [pill, why];
  return [
    pill,
    el('code', { class: 'error-code' }, errorCode),
    why,
    el('span', { class: 'why' }, errorMessage ?? ''),
  ];
}

function row(flag) {
  const { flagKey, value, variant } = flag;
  const said = JSON.stringify(flag);
  const changed = shown.has(flagKey) && shown.get(flagKey) !== said;
  shown.set(flagKey, said);
  return el(
    'tr',
    { role: 'row', 'data-flag': flagKey, class: changed ? 'changed' : undefined },
    el(
      'th',
      { role: 'rowheader', scope: 'row' },
      el('code', {}, flagKey),
      changed ? el('span', { class: 'mark' }, 'changed') : '',
      el('span', { class: 'purpose' }, purposes[flagKey] ?? ''),
    ),
    cell('Value', valueOf(value)),
    cell('Variant', variant ?? '–'),
    cell('Reason', ...reasonOf(flag)),
  );
}

export function showFlags(body, flags) {
  body.replaceChildren(...flags.map(row));
}

export function showNoFlags(body) {
  const note = el('td', { role: 'cell', colspan: 4, class: 'waiting' }, 'No answers to show.');
  body.replaceChildren(el('tr', { role: 'row' }, note));
}
