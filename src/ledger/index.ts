/** The decision log: append, sequence, prove. The verifier stands apart, in `verifier/`. */
export { type AppendEntries, type AppenderPorts, checkCore, createAppender } from './append.ts';
export { canonicalise, type JsonValue, type NumberRule, parseCanonical } from './canonical.ts';
export { ledgerOrigin, openCheckpoint, type TreeHead } from './checkpoint.ts';
export type { Leadership, LedgerReadStore, PendingEntries, SequencingRound, SequencingStore, StoredHead } from './contract.ts';
export { bodyHash, decidedEntry, planEntry, undecidedEntry } from './decision-entry.ts';
export { type ExportedFile, exportLedger } from './export.ts';
export { formatVerifierKey, type NoteKey, type NoteSigner, parseVerifierKey } from './note.ts';
export { discloseEntry, envelopeVersion, prepareEntry } from './prepare.ts';
export { type ConsistencyProof, createLedgerReader, type EntryProof, type LedgerReader, type LogFile } from './reader.ts';
export { type Disclosure, openText, resealRandomBytes, resealText, sealRandomBytes, sealText } from './seal.ts';
export { createSequencer, type LedgerKeys, type Sequencer, type SequencerOptions, type SequencerStatus } from './sequencer.ts';
