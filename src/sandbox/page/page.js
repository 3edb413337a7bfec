// The frame of the page: which system this is, its tabs, and a fresh look every other second.
import { ask, at, make, note } from './ask.js';
import * as records from './records.js';
import * as faults from './faults.js';

const REFRESH_MS = 2000;
const PANES = ['records', 'faults', 'requests'];
let objects = [], pane = 'records', object = '';

function place() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  pane = PANES.find(one => wanted === '/' + one) ?? 'records';
  if (pane === 'records') object = (objects.find(one => one.name === wanted) ?? objects.find(one => one.records > 0) ?? objects[0]).name;
}

function tab(name, count, hash, current, kind) {
  const button = make('button', { type: 'button', className: kind });
  button.append(name, make('span', { textContent: count }));
  if (current) button.setAttribute('aria-current', 'page');
  button.onclick = () => { location.hash = hash; };
  return button;
}

function tabs(on, requests) {
  const some = objects.map(one => tab(one.name, one.records.toLocaleString('en'), one.name, pane === 'records' && one.name === object, ''));
  some.push(tab('Faults', on ? on + ' on' : 'off', '/faults', pane === 'faults', on ? 'aside on' : 'aside'));
  some.push(tab('Requests', requests.toLocaleString('en'), '/requests', pane === 'requests', 'aside'));
  const focused = [...at('tabs').children].indexOf(document.activeElement);
  const drawn = some.map(one => one.outerHTML).join('');
  if (at('tabs').dataset.drawn === drawn) return;
  at('tabs').dataset.drawn = drawn;
  at('tabs').replaceChildren(...some);
  some[focused]?.focus();
}

async function requests() {
  const all = (await ask('GET', 'requests')).reverse().slice(0, 300);
  at('seen').replaceChildren(...all.map(one => {
    const row = make('tr');
    const status = make('td', { textContent: one.status || 'cut', className: one.status >= 400 || !one.status ? 'failed' : '' });
    row.append(status, make('td', { textContent: one.method }), make('td', { textContent: one.path, title: one.path }));
    return row;
  }));
}

async function look() {
  const [all, on, stats] = await Promise.all([ask('GET', 'objects'), ask('GET', 'faults'), ask('GET', 'stats')]);
  objects = all;
  place();
  PANES.forEach(one => { at(one).hidden = one !== pane; });
  tabs(faults.counted(on), stats.requests);
  if (pane === 'records') await records.show(objects.find(one => one.name === object));
  if (pane === 'faults') faults.show(on);
  if (pane === 'requests') await requests();
}

let looking = false, gone = false;
async function refresh() {
  if (looking) return;
  looking = true;
  try {
    await look();
    if (gone) note('The sandbox is there again.', 'good');
    gone = false;
  } catch (error) {
    gone ||= error instanceof TypeError;
    note(gone ? 'The sandbox does not answer: was it stopped? This page goes on by itself once it is there again.' : error.message, 'bad');
  } finally { looking = false; }
}

async function start() {
  const about = await ask('GET', 'about');
  document.title = about.system.toUpperCase() + ' · Syncline sandbox';
  at('system').textContent = about.system.toUpperCase();
  at('vendor').textContent = 'a look-alike of ' + about.vendor + ' on this machine';
  at('others').replaceChildren(...about.places.map(one => {
    const link = make('a', { href: one.page, textContent: one.system.toUpperCase() });
    if (one.system === about.system) link.setAttribute('aria-current', 'page');
    return link;
  }));
  records.start(refresh);
  faults.start(refresh);
  addEventListener('hashchange', refresh);
  setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
  await refresh();
}
start().catch(error => note(error.message, 'bad'));
