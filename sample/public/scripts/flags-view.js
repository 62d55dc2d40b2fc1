import { el } from './dom.js';
import { isColour } from './look.js';

const purposes = {
  'new-checkout': 'Opens the one-step checkout',
  'home-page': 'Selects the top of the page',
  'upload-limit': 'Photos in one upload',
  'shop-look': 'Colour, corners, greeting',
  'same-day-dispatch': 'Rolled out to a quarter of the users',
};

const explanations = {
  STATIC: 'the flag has no rules',
  TARGETING_MATCH: 'a rule matched',
  SPLIT: 'the rollout includes the user',
  DEFAULT: 'no rule matched',
  DISABLED: 'the flag is disabled: the default of the code',
  ERROR: 'the evaluation failed: the default of the code',
};

const reasonClasses = { TARGETING_MATCH: 'match', SPLIT: 'match', ERROR: 'error', DISABLED: 'off' };

/** Flag key → its last shown evaluation, to mark rows that an edit or another visitor has changed. */
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
  const evaluation = JSON.stringify(flag);
  const changed = shown.has(flagKey) && shown.get(flagKey) !== evaluation;
  shown.set(flagKey, evaluation);
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

/** Shows one row per flag. */
export function showFlags(body, flags) {
  body.replaceChildren(...flags.map(row));
}

/** Replaces the rows with a note. */
export function showNoFlags(body) {
  const note = el('td', { role: 'cell', colspan: 4, class: 'waiting' }, 'No flags to show.');
  body.replaceChildren(el('tr', { role: 'row' }, note));
}
