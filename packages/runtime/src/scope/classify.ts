/**
 * From a database error to what it means for a scoped query. Pure. Only our own conditions become WatertightErrors;
 * everything else stays the driver's error, because ORMs look at its SQLSTATE.
 */
import { failure, type WatertightError } from '../errors/errors.ts';

/** The fields of a driver's database error that are read here. */
export interface SqlError {
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly constraint?: string | undefined;
  readonly table?: string | undefined;
  readonly message: string;
}

/** What happened, in our words. */
export type Condition =
  | 'token-expired'
  | 'token-refused'
  | 'not-served'
  | 'second-tenant'
  | 'no-context'
  | 'stale-snapshot'
  | 'statement-lost'
  | 'cancelled'
  | 'denied';

/** The condition behind a database error, or undefined for an ordinary SQL error. */
export function conditionOf(error: SqlError): Condition | undefined {
  switch (error.code) {
    case 'WT001':
      return error.detail === 'expired' ? 'token-expired' : 'token-refused';
    case 'WT002':
      return 'not-served';
    case 'WT003':
      return 'second-tenant';
    case 'WT004':
      return 'no-context';
    case '40001':
      return error.constraint === 'watertight_epoch' ? 'stale-snapshot' : undefined;
    // 0A000: the plan under a name no longer fits; 26000, 42P05: our book and the server's differ.
    case '0A000':
    case '26000':
    case '42P05':
      return 'statement-lost';
    case '57014':
      return 'cancelled';
    case '42501':
      return 'denied';
    default:
      return undefined;
  }
}

/** What a not-served error says about the tenant's place. */
export interface NotServed {
  readonly state: string;
  readonly goto: unknown;
}

/** Reads the DETAIL of WT002; tolerant, because an old kit may say less. */
export function readNotServed(error: SqlError): NotServed {
  try {
    const detail = JSON.parse(error.detail ?? '') as Partial<NotServed>;
    return { state: String(detail.state ?? 'unknown'), goto: location(detail.goto) };
  } catch {
    return { state: 'unknown', goto: undefined };
  }
}

// The kit stores a location as JSON text, so it arrives as a string inside JSON.
function location(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? undefined;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/**
 * The error to deliver for a condition, or undefined when the driver's own error is the right one.
 * @param timed whether this call had a statement timeout of ours, so that 57014 is its doing
 */
export function explain(condition: Condition | undefined, error: SqlError, timed: boolean): WatertightError | undefined {
  const basis = { cause: error, ...(error.code === undefined ? {} : { sqlstate: error.code }) };
  switch (condition) {
    case 'token-expired':
    case 'token-refused':
      return failure('WT_TOKEN_REFUSED', { ...basis, detail: error.detail ?? 'no detail' });
    case 'not-served': {
      const { state } = readNotServed(error);
      return failure('WT_TENANT_NOT_SERVED', { ...basis, detail: state, retryable: state !== 'unknown' });
    }
    case 'second-tenant':
      return failure('WT_SECOND_TENANT', basis);
    case 'no-context':
      return failure('WT_CONTEXT_LOST', basis);
    case 'denied':
      return failure('WT_ACCESS_DENIED', { ...basis, ...(error.table === undefined ? {} : { detail: error.table }) });
    case 'cancelled':
      return timed ? failure('WT_STATEMENT_TIMEOUT', basis) : undefined;
    default:
      return undefined;
  }
}

/** The error to deliver when the handshake failed with a database error. */
export function explainHandshake(error: SqlError): WatertightError | undefined {
  const missing = error.code === '42883' || error.code === '3F000' || error.code === '42501' || error.code === '42P01';
  return missing ? failure('WT_KIT_MISSING', { cause: error, sqlstate: error.code as string }) : undefined;
}
