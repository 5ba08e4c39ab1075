/** Whether an instant lies within an organisation's working hours: Monday to Friday, by its own clock. */
import type { Instant } from '../model/clock.ts';
import type { Calendar } from '../model/settings.ts';

const weekend = new Set(['Sat', 'Sun']);
/** Making one costs far more than using it, and there are as many as zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Where hours or zone are not known, nobody can be expected at work. */
export function isWorkingTime(at: Instant, { timeZone, workingHours }: Calendar): boolean {
  if (timeZone === undefined || workingHours === undefined) return false;
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  if (weekend.has(parts.get('weekday') ?? '')) return false;
  const time = `${parts.get('hour')}:${parts.get('minute')}`;
  const [from = '', to = ''] = workingHours.split('-');
  // Hours over midnight belong to the day on which they fall.
  return from <= to ? time >= from && time < to : time >= from || time < to;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  formats.set(timeZone, made);
  return made;
}
