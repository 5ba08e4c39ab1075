export { composeGraph, type Graph, type GraphRows } from './graph.ts';
export { addressOf, type Ref } from './pseudonym.ts';
export { composeSituation } from './situation.ts';
