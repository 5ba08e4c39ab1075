export { type Authority, authorityOf } from './authority.ts';
export { type EventMeaning, readEventMeaning, signalEventUris } from './event-catalogue.ts';
export { eventUriOf } from './event-uris.ts';
export {
  createKeySource,
  type FetchJson,
  type KeyLookup,
  type KeySource,
  type KeySourceLimits,
  type KeySourceOptions,
  metadataUrlOf,
} from './key-source.ts';
export { importKeySet, type PublishedKey, type VerificationKey } from './keys.ts';
export { type SetErrorCode, type SetFault, type SetFaultCode, setFault, setFaultCodes } from './set-fault.ts';
export {
  isJsonObject,
  isStorable,
  type JsonFault,
  type JsonObject,
  type JsonResult,
  type JsonValue,
  readStrictJson,
} from './strict-json.ts';
export { type ClaimResult, type Focus, readSubjectClaim, type SubjectRules } from './subject-claim.ts';
export { canonicalAddress, type Identifier, readIdentifier } from './subject-identifier.ts';
export { createTranslator, type StreamMessage, type Translation, type TranslationNote, type Translator } from './translate-set.ts';
export { type TransmitterSettings, transmitterSettingsSchema } from './transmitter-settings.ts';
export { type SetPolicy, type SetResult, setPolicyOf, type VerifiedSet, verifySet } from './verify-set.ts';
