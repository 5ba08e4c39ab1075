/** Who is told, as the configuration says it: strict, and never in the open but on this machine. */
import { describe, expect, it } from 'vitest';
import { redactSettings } from '../../src/settings/index.ts';
import { faultsOf, settingsOf } from './support.ts';

const mail = {
  id: 'mail',
  kind: 'smtp',
  host: 'mail.example.com',
  port: 587,
  security: 'starttls',
  from: 'rescind@example.com',
  to: ['soc@example.com'],
};
const sinks = (change: object, base: object = mail) => JSON.stringify({ sinks: [{ ...base, ...change }] });
const faults = (change: object) => faultsOf(sinks(change)).map((fault) => fault.replace(/^\d+:\d+ sinks\.0\.?/, ''));

describe('a sink of kind smtp', () => {
  it('takes one recipient or several, and its password from elsewhere', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own way to name a variable
    const text = sinks({ user: 'rescind', password: '${env:MAIL}', to: 'soc@example.com' });
    expect(settingsOf(text, { env: { MAIL: 'mail-secret' } }).sinks).toEqual([
      { ...mail, user: 'rescind', password: 'mail-secret', people: false, allowPrivate: [] },
    ]);
  });

  it.each<[string, object, string[]]>([
    ['mail in the open to another machine', { security: 'none' }, ['security: may be none only where the host is a loopback address']],
    ['a user without a password', { user: 'rescind' }, ['password: belongs to user, which needs it']],
    ['a password without a user', { password: 'secret-word' }, ['password: belongs to user, which needs it']],
    ['an unknown key', { url: 'https://hooks.example' }, ['url: unknown key']],
    ['a host with a path', { host: 'mail.example.com/x' }, ['host: must be a host name or an address']],
    ['port nought', { port: 0 }, ['port: must be a port']],
    [
      'an event that is none',
      { events: ['plan.lost'] },
      [expect.stringMatching(/^events\.0: must be one of plan\.held, /) as unknown as string],
    ],
    ...[
      'soc',
      'soc@',
      'SOC <soc@example.com>',
      'a@example.com, b@example.com',
      'a@example.com\r\nBcc: b@example.com',
      '"a b"@example.com',
    ].map((from): [string, object, string[]] => [JSON.stringify(from), { from }, ['from: must be one mail address like soc@example.com']]),
  ])('refuses %s', (_what, change, expected) => {
    expect(faults(change)).toEqual(expected);
  });

  it('may say nothing in the open to this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '::1']) expect(faults({ host, security: 'none' })).toEqual([]);
  });

  it('is shown without its addresses, its account and its password', () => {
    const shown = JSON.stringify(redactSettings(settingsOf(sinks({ user: 'account-name', password: 'mail-secret' }))));
    expect(shown).toContain('mail.example.com');
    expect(shown).toContain('starttls');
    for (const hidden of ['soc@', 'rescind@', 'account-name', 'mail-secret']) expect(shown).not.toContain(hidden);
  });
});
