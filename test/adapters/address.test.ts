/** Which addresses outgoing calls may reach: the table of what is refused, and that no spelling gets around it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAddressRule } from '../../src/adapters/address.ts';

describe('the address rule', () => {
  const judge = createAddressRule([]);

  test.each([
    ['127.0.0.1', 'loopback'],
    ['127.8.8.8', 'loopback'],
    ['::1', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['100.100.100.200', 'a metadata service'],
    ['169.254.169.254', 'a metadata service'],
    ['168.63.129.16', 'a wire server'],
    ['192.0.0.192', 'a metadata service'],
    ['fd00:ec2::254', 'a metadata service'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local with a zone'],
    ['fec0::1', 'site-local'],
    ['fc00::1', 'unique-local'],
    ['ff02::1', 'multicast'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.1', 'reserved'],
    ['198.18.0.1', 'benchmarking'],
    ['203.0.113.9', 'documentation'],
    ['2001:db8::1', 'documentation'],
    ['2002:7f00:1::', '6to4 around loopback'],
    ['2002:0808:0808::1', '6to4'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'Teredo'],
    ['::ffff:127.0.0.1', 'mapped loopback'],
    ['::ffff:7f00:1', 'mapped loopback in hexadecimal'],
    ['::ffff:10.0.0.1', 'mapped private'],
    ['::ffff:0:127.0.0.1', 'translated loopback'],
    ['::127.0.0.1', 'IPv4-compatible loopback'],
    ['64:ff9b::127.0.0.1', 'loopback behind NAT64'],
    ['64:ff9b::a9fe:a9fe', 'metadata behind NAT64'],
    ['64:ff9b:1::7f00:1', 'local-use NAT64'],
    ['localhost', 'a name'],
    ['2130706433', 'a number'],
    ['0x7f.1', 'a hexadecimal spelling'],
    ['', 'nothing'],
  ])('%s (%s) is forbidden', (address) => {
    expect(judge(address)).toBe('forbidden');
    expect(judge(`[${address}]`)).toBe('forbidden');
  });

  test.each([['8.8.8.8'], ['1.1.1.1'], ['2606:4700:4700::1111'], ['[2606:4700:4700::1111]'], ['::ffff:8.8.8.8'], ['64:ff9b::8.8.8.8']])(
    '%s is public',
    (address) => {
      expect(judge(address)).toBe('public');
    },
  );

  test('what is listed is allowed, in each spelling of the address, and its neighbours are not', () => {
    const rule = createAddressRule(['127.0.0.0/8', '10.1.2.3', 'fd00::/16', '8.8.8.8/32']);
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '64:ff9b::127.0.0.1', '10.1.2.3', 'fd00::1', '8.8.8.8'])
      expect(rule(address)).toBe('allowed');
    for (const address of ['10.1.2.4', 'fd01::1', '::1', '169.254.169.254']) expect(rule(address)).toBe('forbidden');
  });

  test.each([['10.0.0.0/33'], ['10.0.0.0/x'], ['10.0.0.0/'], ['example.com'], ['fd00::/129'], ['10/8']])('%s is no network', (entry) => {
    expect(() => createAddressRule([entry])).toThrow(RangeError);
  });

  test('an IPv4 address is judged the same, mapped or not', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(judge(`::ffff:${address}`)).toBe(judge(address));
        expect(judge(`64:ff9b::${address}`)).toBe(judge(address));
      }),
    );
  });

  test('whatever text it is given, it answers, and without a list never allowed', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.domain()), (text) => judge(text) !== 'allowed'));
  });
});
