/**
 * Main entry of @watertight/runtime: ambient tenant context, errors, tokens. No driver is imported here; each driver
 * is a subpath. Every name below is a promise.
 */
export { type Tenancy, tenancy } from "./context/store.ts";
export type { TenancyEvent, TenancyEvents } from "./context/events.ts";
export { type CodeEntry, type ErrorCode, type ErrorKind, errorCodes } from "./errors/codes.ts";
export {
  AccessDeniedError,
  ConfigurationError,
  ContextError,
  DatabaseError,
  type ErrorDetails,
  isWatertightError,
  OperationError,
  WatertightError,
} from "./errors/errors.ts";
export type { Level } from "./scope/context-statement.ts";
export type { EngineProfile, Handshake } from "./scope/profile.ts";
export { canonicalTenantId, maxTenantIdBytes, type TenantIdType } from "./scope/tenant-id.ts";
export { mintToken, parseKeys, type TokenContent, type TokenKey, TokenSource } from "./scope/token.ts";
