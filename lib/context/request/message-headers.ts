import { isObject } from './request-source';

/** The methods by which Nest's transports give access to the headers of a message. */
interface MessageContext {
  /** NATS. */
  getHeaders?(): unknown;
  /** gRPC, whose context is the metadata of the call. */
  getMap?(): unknown;
  /** Kafka (`headers`) and RabbitMQ (`properties.headers`). */
  getMessage?(): unknown;
  /** MQTT 5 (`properties.userProperties`). */
  getPacket?(): unknown;
}

const member = (value: unknown, name: string): unknown =>
  isObject(value) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

function readHeaders(context: MessageContext): unknown {
  if (typeof context.getHeaders === 'function') return context.getHeaders();
  if (typeof context.getMap === 'function') return context.getMap();
  if (typeof context.getPacket === 'function') {
    return member(member(context.getPacket(), 'properties'), 'userProperties');
  }
  const message = typeof context.getMessage === 'function' ? context.getMessage() : undefined;
  return member(message, 'headers') ?? member(member(message, 'properties'), 'headers');
}

/** Returns the entries of headers. NATS has an iterable collection whose values are lists; the others, plain objects. */
function entriesOf(headers: object): Iterable<[string, unknown]> {
  return Symbol.iterator in headers ? (headers as Iterable<[string, unknown]>) : Object.entries(headers);
}

/** Returns a header's value with buffers decoded, because Kafka's header values are bytes. */
const asText = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? value.toString('utf8') : Array.isArray(value) ? value.map(asText) : value;

/** Returns the headers of a message by lower-case name; undefined if its transport has no headers. */
export function messageHeaders(context: object): Readonly<Record<string, unknown>> | undefined {
  const headers = readHeaders(context);
  if (!isObject(headers)) return undefined;
  const named: [string, unknown][] = [];
  for (const [name, value] of entriesOf(headers)) named.push([name.toLowerCase(), asText(value)]);
  return Object.fromEntries(named);
}
