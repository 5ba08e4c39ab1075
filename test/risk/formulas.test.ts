import { describe, expect, it } from 'vitest';
import { distanceKm, type Link, likelihoodOf, noveltyOf, travelOf } from './formulas.ts';

const oslo = { latitude: 59.9139, longitude: 10.7522 };
const singapore = { latitude: 1.3521, longitude: 103.8198 };
const bergen = { latitude: 60.3913, longitude: 5.3221 };
const newYork = { latitude: 40.7128, longitude: -74.006 };
const london = { latitude: 51.5074, longitude: -0.1278 };

describe('impossible travel', () => {
  it.each([
    ['Oslo to Singapore in two hours is impossible', oslo, singapore, 120, 10_048.3, 5024, true],
    ['Oslo to Bergen in half an hour is not', oslo, bergen, 30, 305.1, 610, false],
    ['New York to London in seven hours is not', newYork, london, 420, 5570.2, 796, false],
  ])('%s', (_title, from, to, minutes, km, speedKmh, impossible) => {
    expect(distanceKm(from, to)).toBeCloseTo(km, 1);
    const travel = travelOf(from, to, minutes);
    expect(Math.round(travel.speedKmh)).toBe(speedKmh);
    expect(travel.impossible).toBe(impossible);
  });

  it('has no direction, and no speed above that of one minute', () => {
    expect(travelOf(oslo, bergen, -30)).toEqual(travelOf(bergen, oslo, 30));
    expect(travelOf(oslo, bergen, 0)).toEqual(travelOf(oslo, bergen, 1));
  });

  it('takes away what the places may be off', () => {
    expect(travelOf({ ...oslo, accuracyKm: 150 }, { ...bergen, accuracyKm: 100 }, 1).impossible).toBe(false);
    expect(travelOf({ ...oslo, accuracyKm: 100 }, { ...bergen, accuracyKm: 100 }, 1).impossible).toBe(true);
  });
});

describe('the login model', () => {
  const country: Link = { parentCount: 40, children: 1, count: 40, share: 0.5 };
  const newNetwork: Link = { parentCount: 40, children: 2, count: 0, share: 0.5 };
  const newDevice: Link = { parentCount: 40, children: 2, count: 0, share: 0.5 };

  it('L1: a known country and a new network', () => {
    expect(noveltyOf(country)).toBeCloseTo(0.506, 3);
    expect(noveltyOf(newNetwork)).toBe(21);
    expect(likelihoodOf([[country, newNetwork]])).toBeCloseTo(1.0265, 4);
  });

  it('L2: and an unseen device', () => {
    expect(likelihoodOf([[country, newNetwork], [newDevice]])).toBeCloseTo(2.3487, 4);
  });

  it('L3: everything known', () => {
    const network: Link = { parentCount: 40, children: 2, count: 30, share: 0.02 };
    const address: Link = { parentCount: 30, children: 3, count: 25, share: 0.001 };
    expect(noveltyOf(network)).toBeCloseTo(0.02796, 5);
    expect(noveltyOf(address)).toBeCloseTo(0.00132, 5);
    expect(likelihoodOf([[country, network, address]])).toBeCloseTo(-4.7286, 4);
  });

  it('stops a chain where nothing is known below', () => {
    expect(likelihoodOf([[country, { ...newNetwork, parentCount: 0 }, newDevice]])).toBe(Math.log10(noveltyOf(country)));
  });
});
