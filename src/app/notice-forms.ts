/** A notice as it is carried: JSON for machines, a line and a few more for people. */
import { toRfc3339 } from '../model/clock.ts';
import type { NoticeData, NoticeType } from '../model/notice.ts';
import type { Message } from '../sinks/index.ts';
import type { ClaimedNotice, emailsOf } from '../store/notices.ts';
import type { incidentView } from './views.ts';

/** What is looked up when it is sent. */
export interface ReadForNotice {
  readonly incident?: ReturnType<typeof incidentView>;
  readonly people?: Awaited<ReturnType<typeof emailsOf>>;
}

export function formsOf(
  notice: ClaimedNotice,
  read: ReadForNotice,
  statusUrl: string,
): Pick<Message, 'body' | 'subject' | 'text' | 'page'> {
  const { type, data, createdAt } = notice;
  const timestamp = toRfc3339(createdAt);
  const said = { ...data, ...read };
  const headline = headlineOf(notice, read);
  const page = 'page' in data && data.page === true;
  return {
    body: JSON.stringify({ type, timestamp, data: said }),
    subject: `[Rescind] ${headline}`,
    text: [headline, '', `${type} at ${timestamp}`, ...factsOf(said), '', `Status: ${statusUrl}`, ''].join('\n'),
    page,
  };
}

/** What an alarm about a connection's events says to people. */
const feedAlarms: Readonly<Record<string, string>> = {
  'hook.nearLimit': 'the provider will soon push no more today',
  'hook.ended': 'somebody switched the event hook off',
  'hook.silent': 'nothing is pushed any more, polling goes on',
  'poll.failing': 'they cannot be polled',
  'credential.elsewhere': 'somebody else uses our credential',
};

type Headlines = { readonly [T in NoticeType]: (data: NoticeData<T>, about: string) => string };

const headlines: Headlines = {
  'plan.held': ({ plans, more }) => `${counted(plans.length + more, 'plan')} held: a person must decide`,
  'plan.expired': ({ plans, more }) => `${counted(plans.length + more, 'held plan')} expired: nobody decided in time`,
  'plan.escalated': ({ plans, more }) => `${counted(plans.length + more, 'held plan')} expired undecided: look now`,
  'incident.opened': (_, about) => `Incident opened${about}`,
  'incident.updated': (_, about) => `Incident goes on${about}`,
  'incident.judged': ({ verdict }, about) => `Incident judged ${verdict}${about}`,
  'pause.set': ({ scope }) => `Paused: ${scopeOf(scope)}`,
  'pause.reminded': ({ scope, since }) => `Still paused since ${since}: ${scopeOf(scope)}`,
  'pause.ended': ({ scope }) => `Pause ended: ${scopeOf(scope)}`,
  'breaker.opened': ({ condition }) => `Breaker opened: ${condition}`,
  'feed.alarm': ({ connection, code }) => `Events of ${connection}: ${feedAlarms[code] ?? code}`,
  'action.reversed': ({ times, respected }) => {
    if (respected !== undefined) return `Reversed by ${respected === 'operator' ? 'an operator' : 'somebody known'}: it stays so`;
    return times > 1 ? `Reversed again (${times} times): it is held now` : 'Reversed by somebody else: it is put back';
  },
  'undo.announced': ({ until }) => `An action ends at ${until}`,
  'undo.finished': (data) =>
    'campaignId' in data
      ? `Undone: ${counted(data.undone, 'action')}${data.held === 0 ? '' : `, ${data.held} wait for another person`}${data.left === 0 ? '' : `, ${data.left} stay`}`
      : `Undone: ${counted(data.actions.length, 'action')}`,
};

function headlineOf({ type, data }: ClaimedNotice, { incident }: ReadForNotice): string {
  const about = incident === undefined ? '' : `: ${incident.signalType}, ${counted(incident.people, 'person', 'people')}`;
  return oneLine((headlines[type] as (data: unknown, about: string) => string)(data, about));
}

function scopeOf(scope: NoticeData<'pause.set'>['scope']): string {
  return (
    Object.entries(scope)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ') || 'everything'
  );
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** One line a member; of a list of records one line each. */
function factsOf(data: object): readonly string[] {
  return Object.entries(data).flatMap(([name, value]) => {
    if (value === null || value === undefined || name === 'page') return [];
    const records = Array.isArray(value) && value.some((item) => typeof item === 'object');
    if (records) return [`${name}:`, ...(value as readonly object[]).map((item) => `  ${shown(item)}`)];
    return [`${name}: ${shown(value)}`];
  });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(' ');
  if (typeof value !== 'object' || value === null) return oneLine(String(value ?? '-'));
  const members = Object.entries(value).filter(([, item]) => item !== null);
  return members.map(([name, item]) => `${oneLine(name)} ${shown(item)}`).join(', ') || '-';
}

/** A name from outside can begin no line of its own, in a header or in the text. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
