/** Who a person is after merges, in SQL: ids in records stay as they were written, and readers follow them here. */

/** The person as whom somebody is known now; an id that was never merged away is its own. Null for an id that nobody has. */
export function survivorOf(parameter: string): string {
  // Merging keeps chains flat, so one step is all there is.
  return `(select coalesce(w.merged_into, w.id) from identity w where w.id = ${parameter}::uuid)`;
}

/** Every id under which the person is or was known. */
export function everyIdOf(parameter: string): string {
  return `(select m.id from identity m where m.id = ${survivorOf(parameter)} or m.merged_into = ${survivorOf(parameter)})`;
}
