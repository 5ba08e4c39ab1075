import { describe, expect, it } from 'vitest';
import { renderDemo, renderTemplate } from '../../src/settings/index.ts';
import { settingsOf } from './support.ts';

/** Bytes that differ from call to call and are the same from run to run. */
const random = (seed: number) => {
  let state = seed;
  return (size: number) =>
    Uint8Array.from({ length: size }, () => {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      return state >> 16;
    });
};

describe('renderTemplate', () => {
  it('is a configuration that starts and only reports', () => {
    const settings = settingsOf(renderTemplate());
    expect(settings.enforcement.default).toEqual({ mode: 'report-only', maxRung: 3 });
    expect(settings.connections).toEqual([]);
  });

  it('has no fault when its examples are taken up', () => {
    const taken = renderTemplate()
      .split('\n')
      .filter(
        (line) =>
          !/^# (yaml-language-server|Rescind\.|The |Identity|Shared|People|report-only|maxRung|#)/.test(line) &&
          !/^# {3}(enforcement|overrides)/.test(line),
      )
      .map((line) => line.replace(/^(\s*)# (?=\s*[a-zA-Z-]+(:|\s))/, '$1'))
      .join('\n');
    const settings = settingsOf(taken, {
      env: {
        DATABASE_URL: 'postgres://x',
        OKTA_TOKEN: 'token-token',
        OKTA_HOOK_SECRET: 'h',
        PARTNER_PUSH_SECRET: 's',
        CRM_TOKEN_SHA256: 'a'.repeat(64),
        CI_TOKEN_SHA256: 'c'.repeat(64),
      },
      files: { 'tls/cert.pem': 'c', 'tls/key.pem': 'k', '/run/secrets/rescind-wrap': 'w' },
    });
    expect(settings.transmitters).toHaveLength(1);
    expect(settings.receivers).toHaveLength(1);
    expect(settings.identities[0]?.protected).toBe(true);
  });
});

describe('renderDemo', () => {
  const request = {
    port: 0,
    dataDir: '/d: "e"',
    policies: './policies',
    policyIds: ['RP-017', 'RP-001'],
    partner: { issuer: 'http://127.0.0.1:1', jwksUri: 'http://127.0.0.1:1/jwks', audience: 'http://127.0.0.1:2' },
  };

  it('is a configuration on loopback whose sandbox acts up to rung 6', () => {
    const settings = settingsOf(renderDemo({ ...request, random: random(1) }).text);
    expect(settings.listen).toMatchObject({ host: '127.0.0.1', port: 0 });
    expect(settings.dataDir).toBe('/d: "e"');
    expect(settings.enforcement).toEqual({
      default: { mode: 'report-only', maxRung: 3 },
      connections: { sandbox: { mode: 'enforce', maxRung: 6 } },
      groups: {},
      receivers: {},
    });
    expect(settings.overrides).toEqual({ 'RP-001': 'enforce', 'RP-017': 'enforce' });
    expect(settings.transmitters[0]?.id).toBe('partner');
    expect(settings.connections[0]?.profile).toBe('sandbox');
  });

  it('makes other passwords each time and keeps the admin token out of the file', () => {
    const first = renderDemo({ ...request, random: random(1) });
    const second = renderDemo({ ...request, random: random(2) });
    expect(first.text).not.toContain(first.adminToken);
    const all = [...first.people, ...second.people].map(({ password }) => password);
    expect(new Set(all).size).toBe(all.length);
    for (const { password } of first.people) {
      expect(password).toHaveLength(24);
      expect(first.text).toContain(password);
    }
  });
});
