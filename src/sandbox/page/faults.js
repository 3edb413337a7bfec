// What the look-alike does wrong on purpose: each kind with its switch. The server's answer is what is shown, not what was clicked.
import { ask, at, make, note } from './ask.js';

const MS = { ms: 1500 };
const KINDS = [
  ['latency_ms', 'Slow answers', 'Half of the time on the way there, half on the way back.', MS],
  ['rate_limited', 'Too many requests', 'Refused as this vendor refuses when its limit is reached.', {}],
  ['server_error', 'Outage', 'A server error instead of an answer; nothing happens to the records.', { status: 500 }],
  ['html_instead_of_json', 'A page instead of data', 'Status 200, but HTML: as a proxy or a sign-in page would.', {}],
  ['answer_lost', 'Answer lost after the write', 'The write happens, then the connection is cut; with a status, that is answered instead.', { status: 0 }],
  ['expired_tokens', 'Tokens expire', 'Every token is void when the request arrives.', {}],
  ['stale_reads_ms', 'Stale reads', 'Reads show the records as they were a while ago.', MS],
  ['empty_listing', 'Empty listing', 'A list comes back empty although it is not.', {}],
  ['keyless_records', 'Records without a key', 'Records of lists come without what names them.', {}],
  ['endless_pages', 'Endless pages', 'A list claims that more pages follow, for ever.', {}],
  ['keyless_records', 'Records without keys', 'Records of a list come without what names them.', {}],
  ['drop_webhooks', 'Webhooks dropped', 'A delivery is never sent.', {}],
  ['duplicate_webhooks', 'Webhooks doubled', 'A delivery is sent twice.', {}],
  ['reorder_webhooks', 'Webhooks reordered', 'A delivery is sent late, after those that follow it.', {}],
];
const OFTEN = [['always', { probability: 1, next: 0 }], ['every other time', { probability: 0.5, next: 0 }], ['one in ten', { probability: 0.1, next: 0 }], ['the next time only', { probability: 0, next: 1 }], ['the next 5 times', { probability: 0, next: 5 }]];

let now = {}, drawn = '', refresh;
const chosen = new Map();
const is_on = fault => fault !== undefined && (fault.probability > 0 || fault.next > 0);

/** How many kinds are switched on. */
export const counted = all => Object.values(all).filter(is_on).length;

export function show(all) {
  now = all;
  const text = JSON.stringify(all);
  if (text === drawn || at('kinds').contains(document.activeElement) && document.activeElement.matches('input:not([type=checkbox])')) return;
  drawn = text;
  const focused = document.activeElement?.id;
  at('kinds').replaceChildren(...KINDS.map(one => line(...one)));
  if (focused) at(focused)?.focus();
}

function line(kind, name, what, usual) {
  const fault = now[kind], on = is_on(fault), kept = fault && (on || !chosen.has(kind)) ? fault : { ...OFTEN[0][1], ...usual, ...chosen.get(kind) };
  const row = make('tr'), part = (...children) => { const td = make('td'); td.append(...children); return td; };
  const toggle = make('input', { type: 'checkbox', id: 'on-' + kind, checked: on });
  const often = make('select', { id: 'often-' + kind });
  often.setAttribute('aria-label', 'How often: ' + name);
  const choices = offered(kept, on);
  choices.all.forEach(([label], nth) => often.append(make('option', { value: nth, textContent: label })));
  often.value = choices.current;
  const where = make('input', { id: 'path-' + kind, value: kept.path ?? '', placeholder: 'any', spellcheck: false });
  where.setAttribute('aria-label', 'Only where the path holds: ' + name);
  const settings = Object.keys(usual).map(key => number(kind, key, kept[key] ?? usual[key]));
  const written = () => ({ ...choices.all[often.value][1], ...Object.fromEntries(settings.map(([key, input]) => [key, Number(input.value)])), ...(where.value ? { path: where.value } : {}) });
  const changed = () => { chosen.set(kind, written()); if (toggle.checked) put({ ...now, [kind]: written() }, name + ' is on.'); };
  toggle.onchange = () => {
    const { [kind]: _, ...others } = now;
    put(toggle.checked ? { ...others, [kind]: written() } : others, name + (toggle.checked ? ' is on.' : ' is off.'));
  };
  [often, where, ...settings.map(([, input]) => input)].forEach(input => { input.onchange = changed; });
  const what_ = part(make('label', { htmlFor: toggle.id, textContent: name }), make('small', { textContent: what }));
  what_.className = 'what';
  row.append(part(toggle), what_, part(often), part(...settings.flatMap(([, input, unit]) => [input, ' ' + unit])), part(where));
  return row;
}

/** The usual choices, and which one the fault is; one that a script made has its own words. */
function offered(fault, on) {
  const { probability, next } = fault, all = [...OFTEN];
  const current = all.findIndex(([, one]) => one.probability === probability && one.next === next);
  if (current >= 0 && !(on && next > 0)) return { all, current };
  const words = next > 0 ? next + ' more' : Math.round(probability * 100) + ' % of the time';
  return { all: [[words, { probability, next }], ...all], current: 0 };
}

function number(kind, key, value) {
  const input = make('input', { type: 'number', min: 0, max: key === 'ms' ? 600000 : 599, id: key + '-' + kind, value });
  input.setAttribute('aria-label', key === 'ms' ? 'Milliseconds' : 'Status');
  return [key, input, key === 'ms' ? 'ms' : 'status'];
}

async function put(all, news) {
  try {
    await ask('PUT', 'faults', all);
    note(news, 'good');
  } catch (error) { note(error.message, 'bad'); }
  drawn = '';
  await refresh();
}

export function start(refreshed) {
  refresh = refreshed;
  at('none').onclick = () => put({}, 'All faults are off.');
  at('expire').onclick = async () => {
    try { await ask('POST', 'expire_tokens'); note('Every token is void now.', 'good'); } catch (error) { note(error.message, 'bad'); }
  };
}
