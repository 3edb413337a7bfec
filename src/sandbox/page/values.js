// Values as a person sees and types them. What kind a field has, its values tell.

export function text(value) {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Kinds of each field that occurs: 'string', 'number', 'boolean' or 'object'; none while all its values are blank. Those known keep their place. */
export function columns(records, known) {
  const found = new Map(known.map(one => [one.name, one]));
  for (const one of records) {
    for (const [name, value] of Object.entries(one.fields)) {
      const column = found.get(name) ?? { name, kind: null, empty: null };
      if (value !== null) column.kind ??= typeof value;
      if (value === '') column.empty = '';
      found.set(name, column);
    }
  }
  return [...found.values()];
}

/** The value that was meant by what was typed. The vendor judges what does not fit; nothing is guessed into a number where texts are kept. */
export function meant(typed, column) {
  if (typed === '') return column.empty ?? null;
  if (column.kind === 'string') return typed;
  try { return JSON.parse(typed); } catch { return typed; }
}
